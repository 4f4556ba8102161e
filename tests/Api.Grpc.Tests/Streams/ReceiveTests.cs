using Api.Grpc.Tests.Support;
using Edge.Messages.V1;
using Grpc.Core;
using Testing.Shared;
using Receiving = Api.Grpc.Tests.Support.StreamCall<Edge.Messages.V1.ReceiveMessagesRequest, Edge.Messages.V1.ReceiveMessagesResponse>;
using State = Edge.Messages.V1.MessageState;
using Stored = Core.Store.Mailboxes.MessageState;
using StoredMessage = Core.Store.Mailboxes.QueuedMessage;

namespace Api.Grpc.Tests.Streams;

/// <summary>Receiving by gRPC: order, window, acknowledgements, tries, one active device. Each test has recipients of its own.</summary>
public sealed class ReceiveTests(FakeCore fixture) : IClassFixture<FakeCore>
{
    private readonly string _bob = $"bob{Guid.NewGuid():N}";

    private FakeStore Store => fixture.Store;

    [Fact]
    [Spec("D.order", "S3", "S12", "S15", "S25")]
    public async Task Receive_WaitingAndNew_InOrderUntilAcknowledged()
    {
        StoredMessage[] stored = [.. Enumerable.Range(0, 3).Select(i => Store.Put(_bob, $"text {i} 🐍"))];
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        ReceivedMessage[] received = [(await stream.NextAsync()).Message, (await stream.NextAsync()).Message, (await stream.NextAsync()).Message];
        stored = [.. stored, Store.Put(_bob, "text 3 🐍")];   // pushed
        received = [.. received, (await stream.NextAsync()).Message];
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(
                (stored[i].Key.MessageId.ToString("D"), "alice@example.test", $"text {i} 🐍", stored[i].AcceptTime, stored[i].ExpireTime),
                (received[i].MessageId, received[i].Sender, received[i].Text, received[i].AcceptTime.ToDateTimeOffset(), received[i].ExpireTime.ToDateTimeOffset()));
            Assert.Equal((received[i].MessageId, State.Delivered), await AcknowledgeAsync(stream, received[i]));
            Assert.Equal(Stored.Delivered, Store.StateOf(stored[i]));
        }
    }

    [Fact]
    public async Task Receive_Started_SaysWindowAndPatience()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = calls.Receive();
        await stream.SendAsync(Start());
        ReceiveStarted started = (await stream.NextAsync()).Started;
        Assert.Equal((32, 30), (started.Window, started.AcknowledgeWithin.Seconds));
        Assert.Contains($"register {_bob} api:core-1 120 True", Store.Calls);
    }

    [Fact]
    [Spec("D.order")]
    public async Task Receive_MoreThanTheWindow_TheRestAsRoomComes()
    {
        for (int i = 0; i < 40; i++) Store.Put(_bob, $"{i}");
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        List<ReceivedMessage> window = [];
        for (int i = 0; i < 32; i++) window.Add((await stream.NextAsync()).Message);
        for (int i = 0; i < 16; i++) Assert.Equal(State.Delivered, (await AcknowledgeAsync(stream, window[i])).State);   // nothing else came: the window held
        for (int i = 32; i < 40; i++) window.Add((await stream.NextAsync()).Message);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{i}"), window.Select(m => m.Text));
    }

    [Fact]
    [Spec("S15", "P4")]
    public async Task Receive_500Waiting_AllInOrderForAPageAbout16Messages()
    {
        for (int i = 0; i < 500; i++) Store.Put(_bob, $"{i}");
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        List<string> texts = [];
        for (int acknowledged = 0; acknowledged < 500;)
        {
            ReceiveMessagesResponse response = await stream.NextAsync();
            if (response.Acknowledged is not null) acknowledged++;
            if (response.Message is not { } message) continue;
            texts.Add(message.Text);
            await stream.SendAsync(Acknowledgement(message));
        }

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), texts);
        Assert.InRange(Store.Calls.Count(c => c == $"page {_bob}"), 1, 60);   // and not one for each acknowledgement
    }

    [Fact]
    [Spec("S12")]
    public async Task Receive_NewMessageWhileTheWindowHasLittleRoom_SentAtOnce()
    {
        for (int i = 0; i < 31; i++) Store.Put(_bob, $"{i}");
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        for (int i = 0; i < 31; i++) await stream.NextAsync();
        Store.Put(_bob, "31");
        Assert.Equal("31", (await stream.NextAsync()).Message.Text);
    }

    [Fact]
    [Spec("P2", "D.order", "S18", "B2")]
    public async Task Receive_NotAcknowledged_FailsAfter30SecondsAndComesAgainWhenDueWhileOthersGoOn()
    {
        StoredMessage slow = Store.Put(_bob, "slow");
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        ReceivedMessage first = (await stream.NextAsync()).Message;
        for (int tries = 1; tries <= 3; tries++)
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(30));
            await Until.TrueAsync(() => Store.TriesOf(slow) == tries, "the try counts");
            Store.Put(_bob, "next");
            ReceivedMessage next = (await stream.NextAsync()).Message;
            Assert.Equal("next", next.Text);   // it steps aside
            Assert.Equal(State.Delivered, (await AcknowledgeAsync(stream, next)).State);
            fixture.Time.Advance(TimeSpan.FromSeconds(30));
            Assert.Equal(first, (await stream.NextAsync()).Message);   // the same id and token
        }

        Assert.Equal(State.Delivered, (await AcknowledgeAsync(stream, first)).State);
    }

    [Fact]
    [Spec("P2", "S16")]
    public async Task Receive_HintLost_SentByTheReadAfterTwoSeconds()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        Store.Deaf = true;
        Store.Put(_bob, "hi");
        Store.Deaf = false;
        fixture.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("hi", (await stream.NextAsync()).Message.Text);
    }

    [Fact]
    [Spec("P5", "S14")]
    public async Task Receive_ExpiredSinceItWasRead_NotSent()
    {
        Store.Put(_bob, "too late", TimeSpan.Zero);   // the page has it all the same, as one read a moment before its time would
        Store.Put(_bob, "in time", TimeSpan.FromMilliseconds(1));
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        Assert.Equal("in time", (await stream.NextAsync()).Message.Text);
    }

    [Fact]
    [Spec("S25", "D.devices")]
    public async Task Acknowledge_OnALaterStreamOfAnotherCoreAfterExpiry_Delivered()
    {
        StoredMessage stored = Store.Put(_bob, "hi", TimeSpan.FromSeconds(10));
        using GrpcCalls calls = fixture.Calls(_bob);
        ReceivedMessage message;
        await using (Receiving stream = await calls.StartReceivingAsync()) message = (await stream.NextAsync()).Message;
        await Store.EndAsync(stored.Key, Stored.Expired);
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await using TestCore other = await fixture.StartAsync("CoreStore:CoreId=core-2");
        using GrpcCalls elsewhere = FakeCore.Calls(other, _bob);
        await using Receiving later = await elsewhere.StartReceivingAsync();
        Assert.Equal((message.MessageId, State.Delivered), await AcknowledgeAsync(later, message));
        Assert.Contains($"register {_bob} api:core-2 120 True", Store.Calls);
    }

    [Theory]
    [InlineData("altered")]
    [InlineData("other message")]
    [InlineData("other account")]
    [InlineData("other sender")]
    [InlineData("empty")]
    [InlineData("long")]
    [InlineData("not an id")]
    [Spec("S25")]
    public async Task Acknowledge_BadToken_AnsweredWithoutAStateAndNothingEnds(string wrong)
    {
        StoredMessage stored = Store.Put(_bob, "hi");
        using GrpcCalls calls = fixture.Calls(_bob);
        using GrpcCalls others = fixture.Calls($"{_bob}.other");
        await using Receiving stream = await calls.StartReceivingAsync();
        await using Receiving another = await others.StartReceivingAsync();
        ReceivedMessage message = (await stream.NextAsync()).Message;
        if (wrong == "altered") message.Token = message.Token[..^1] + (message.Token[^1] == 'A' ? "Q" : "A");
        if (wrong == "other message") message.MessageId = Guid.NewGuid().ToString();
        if (wrong == "other sender") message.Token = message.Token[..4] + "B" + message.Token[5..];
        if (wrong == "empty") message.Token = "";
        if (wrong == "long") message.Token = new string('A', 4_000);
        if (wrong == "not an id") message.MessageId = "x";
        Assert.Equal((message.MessageId, State.Unspecified), await AcknowledgeAsync(wrong == "other account" ? another : stream, message));
        Assert.Equal(Stored.Enqueued, Store.StateOf(stored));
    }

    [Fact]
    [Spec("D.told")]
    public async Task Receive_Receipt_AsSuch()
    {
        Guid about = Guid.NewGuid();
        DateTimeOffset ended = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        StoredMessage stored = Store.Put(_bob, "", receipt: new(about, "client id", Stored.Expired, ended.AddDays(-3), ended));
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        ReceivedMessage message = (await stream.NextAsync()).Message;
        Assert.Equal(ReceivedMessage.ContentOneofCase.Receipt, message.ContentCase);
        Assert.Equal("client id", message.Receipt.ClientMessageId);
        Assert.Equal((stored.Key.MessageId.ToString("D"), about.ToString("D"), State.Expired, ended), (message.MessageId, message.Receipt.MessageId, message.Receipt.State, message.Receipt.ChangeTime.ToDateTimeOffset()));
        Assert.Equal(State.Delivered, (await AcknowledgeAsync(stream, message)).State);
    }

    [Fact]
    [Spec("D.devices")]
    public async Task Receive_NewerStream_OnlyItGetsMessagesUntilItEnds()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving older = await calls.StartReceivingAsync("phone");
        Receiving newer = await calls.StartReceivingAsync("tablet");
        StoredMessage one = Store.Put(_bob, "one");
        ReceivedMessage message = (await newer.NextAsync()).Message;
        Assert.Equal("one", message.Text);
        Assert.Equal(State.Delivered, (await AcknowledgeAsync(newer, message)).State);
        await newer.DisposeAsync();
        await Until.TrueAsync(() => Store.Calls.Contains($"unregister {_bob}"), "the newer one is gone");
        Store.Put(_bob, "two");
        Assert.Equal("two", (await older.NextAsync()).Message.Text);   // and "one" was never sent here
        Assert.Equal(Stored.Delivered, Store.StateOf(one));
    }

    [Fact]
    [Spec("D.devices", "P2")]
    public async Task Receive_ClientGone_UnregisteredAndTheNextDeviceGetsWhatIsOpen()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving older = await calls.StartReceivingAsync("phone");
        Receiving newer = await calls.StartReceivingAsync("tablet");
        Store.Put(_bob, "one");
        ReceivedMessage lost = (await newer.NextAsync()).Message;
        await newer.DisposeAsync();
        Assert.Equal(lost, (await older.NextAsync()).Message);
    }

    [Fact]
    public async Task Receive_Open_RenewedEvery40SecondsAsTheSameRegistration()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        for (int times = 1; times <= 3; times++)
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(40));
            await Until.TrueAsync(() => Store.Calls.Count(c => c == $"register {_bob} api:core-1 120 False") == times, "renewed");
        }

        Assert.Contains("seen api:core-1", Store.Calls);
    }

    [Fact]
    [Spec("B2", "P2")]
    public async Task Receive_MessageFailed_TriesForgottenAfterAnHour()
    {
        StoredMessage stored = Store.Put(_bob, "slow");
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        await stream.NextAsync();
        fixture.Time.Advance(TimeSpan.FromSeconds(30));
        await Until.TrueAsync(() => Store.TriesOf(stored) == 1, "the try counts");
        fixture.Time.Advance(TimeSpan.FromHours(1));
        await Until.TrueAsync(() => Store.Calls.Count(c => c == $"register {_bob} api:core-1 120 True") == 2, "a registration like the client's own");
    }

    [Theory]
    [InlineData("acknowledgement first")]
    [InlineData("empty first")]
    [InlineData("nothing for 10 seconds")]
    [InlineData("long device")]
    [InlineData("start twice")]
    [Spec("E.malformed")]
    public async Task Receive_NotByTheRules_Malformed(string what)
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = calls.Receive();
        if (what == "acknowledgement first") await stream.SendAsync(new ReceiveMessagesRequest { Acknowledgement = new() });
        if (what == "empty first") await stream.SendAsync(new ReceiveMessagesRequest());
        if (what == "long device") await stream.SendAsync(Start(new string('x', 65)));
        if (what == "nothing for 10 seconds")
        {
            Task<SeenRefusal> ended = stream.RefusalAsync();
            await Until.TrueAsync(
                () =>
                {
                    fixture.Time.Advance(TimeSpan.FromSeconds(10));   // from whenever the core waits
                    return ended.IsCompleted;
                },
                "the core has waited long enough");
        }

        if (what == "start twice")
        {
            await stream.SendAsync(Start());
            await stream.SendAsync(Start());
        }

        SeenRefusal refusal = await stream.RefusalAsync();
        Assert.Equal(((int)StatusCode.InvalidArgument, "MALFORMED"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    [Spec("E.body-size")]
    public async Task Receive_RequestTooLarge_BodyTooLarge()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        await stream.SendAsync(new ReceiveMessagesRequest { Acknowledgement = new() { Token = new string('x', 17_000) } });
        SeenRefusal refusal = await stream.RefusalAsync();
        Assert.Equal(((int)StatusCode.InvalidArgument, "BODY_TOO_LARGE"), (refusal.Code, refusal.Reason));
    }

    [Theory]
    [InlineData("FF-FF-FF")]
    [InlineData("0A-05-0A-03-C3-28-41")]   // start, with a device that is not UTF-8
    [Spec("E.malformed")]
    public async Task Receive_NotProtobuf_Malformed(string bytes)
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using var stream = calls.ReceiveBytes();
        await stream.SendAsync(Convert.FromHexString(bytes.Replace("-", "", StringComparison.Ordinal)));
        SeenRefusal refusal = await stream.RefusalAsync();
        Assert.Equal(((int)StatusCode.InvalidArgument, "MALFORMED"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task Receive_Compressed_MalformedBeforeAnythingIsRead()
    {
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = calls.Receive(("grpc-encoding", "gzip"));
        SeenRefusal refusal = await stream.RefusalAsync();
        Assert.Equal(((int)StatusCode.InvalidArgument, "MALFORMED"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    [Spec("E.unavailable")]
    public async Task Receive_StoreAway_UnavailableAndTheTokenIsGoodLater()
    {
        await using FakeCore sick = new();
        await sick.InitializeAsync();
        StoredMessage stored = sick.Store.Put(_bob, "hi");
        using GrpcCalls calls = sick.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        ReceivedMessage message = (await stream.NextAsync()).Message;
        sick.Store.Down = true;
        await stream.SendAsync(Acknowledgement(message));
        SeenRefusal refusal = await stream.RefusalAsync();
        Assert.Equal(((int)StatusCode.Unavailable, "STORE_UNAVAILABLE", "5s"), (refusal.Code, refusal.Reason, refusal.RetryDelay));
        sick.Store.Down = false;
        await using Receiving later = await calls.StartReceivingAsync();
        Assert.Equal(message, (await later.NextAsync()).Message);
        Assert.Equal(State.Delivered, (await AcknowledgeAsync(later, message)).State);
        Assert.Equal(Stored.Delivered, sick.Store.StateOf(stored));
    }

    [Fact]
    public async Task Acknowledge_ManyAtOnce_32UnderWayAtMost()
    {
        await using FakeCore slow = new();
        await slow.InitializeAsync();
        for (int i = 0; i < 32; i++) slow.Store.Put(_bob, $"{i}");
        using GrpcCalls calls = slow.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        ReceivedMessage[] window = new ReceivedMessage[32];
        for (int i = 0; i < 32; i++) window[i] = (await stream.NextAsync()).Message;
        slow.Store.Ending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (int i = 0; i < 64; i++) await stream.SendAsync(Acknowledgement(window[i / 2]));   // each twice
        await Until.TrueAsync(() => slow.Store.EndsUnderWay == 32, "32 under way");
        slow.Store.Ending.SetResult();
        for (int i = 0; i < 64; i++) Assert.Equal(State.Delivered, (await stream.NextAsync()).Acknowledged.State);
        Assert.Equal(32, slow.Store.MostEndsUnderWay);
    }

    [Fact]
    public async Task Receive_ClientSaysNoMore_AnswersComeThenTheEnd()
    {
        Store.Put(_bob, "hi");
        using GrpcCalls calls = fixture.Calls(_bob);
        await using Receiving stream = await calls.StartReceivingAsync();
        ReceivedMessage message = (await stream.NextAsync()).Message;
        await stream.SendAsync(Acknowledgement(message));
        await stream.CompleteAsync();
        Assert.Equal(State.Delivered, (await stream.NextAsync()).Acknowledged.State);
        await stream.EndedAsync();
        Assert.Contains($"unregister {_bob}", Store.Calls);
    }

    private static ReceiveMessagesRequest Start(string device = "") => new() { Start = new ReceiveStart { Device = device } };

    private static ReceiveMessagesRequest Acknowledgement(ReceivedMessage message) => new() { Acknowledgement = new() { MessageId = message.MessageId, Token = message.Token } };

    private static async Task<(string MessageId, State State)> AcknowledgeAsync(Receiving stream, ReceivedMessage message)
    {
        await stream.SendAsync(Acknowledgement(message));
        ReceiveAcknowledged answer = (await stream.NextAsync()).Acknowledged;
        return (answer.MessageId, answer.State);
    }
}
