using System.Diagnostics;
using Api.Grpc.Tests.Support;
using Edge.Messages.V1;
using Grpc.Core;
using Testing.Shared;
using State = Edge.Messages.V1.MessageState;
using Stored = Core.Store.Mailboxes.MessageState;

namespace Api.Grpc.Tests.Streams;

/// <summary>Status streams: told in order, resumed, kept alive, and ended when they have to be. Each test has senders of its own.</summary>
public sealed class WatchTests(FakeCore fixture) : IClassFixture<FakeCore>
{
    private readonly string _sender = $"sender{Guid.NewGuid():N}";

    private FakeStore Store => fixture.Store;

    [Fact]
    [Spec("D.told", "S25", "S26", "B1")]
    public async Task Watch_NewStream_TokenAtOnceThenEachStateAsItComes()
    {
        Store.Change(_sender, Stored.Delivered);   // before: not told
        using GrpcCalls calls = fixture.Calls(_sender);
        await using var watch = calls.Watch();
        WatchMessagesResponse first = await watch.NextAsync();
        Assert.Empty(first.Changes);
        Assert.False(first.Reset);
        Assert.NotEmpty(first.ResumeToken);

        foreach ((Stored stored, State state) in new[]
        {
            (Stored.Delivered, State.Delivered), (Stored.Expired, State.Expired), (Stored.InvalidRecipient, State.InvalidRecipient),
            (Stored.InvalidDevice, State.InvalidDevice), (Stored.InvalidPayload, State.InvalidPayload),
        })
        {
            Guid id = Store.Change(_sender, stored);
            StatusChange told = Assert.Single((await watch.NextAsync()).Changes);
            Assert.Equal((id.ToString("D"), state, fixture.Time.GetUtcNow()), (told.MessageId, told.State, told.ChangeTime.ToDateTimeOffset()));
        }
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_Resumed_NothingMissedAndNothingTwice()
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        string token;
        await using (var watch = calls.Watch())
        {
            await watch.NextAsync();
            Store.Change(_sender, Stored.Delivered);
            token = (await watch.NextAsync()).ResumeToken;
        }

        Guid missed = Store.Change(_sender, Stored.Expired);
        await using var resumed = calls.Watch(token);
        Assert.Equal(missed.ToString("D"), Assert.Single((await resumed.NextAsync()).Changes).MessageId);
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_HintLost_ToldByTheReadAfterTwoSeconds()
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        await using var watch = calls.Watch();
        await watch.NextAsync();
        Store.Deaf = true;
        Guid id = Store.Change(_sender, Stored.Delivered);
        Store.Deaf = false;
        fixture.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(id.ToString("D"), Assert.Single((await watch.NextAsync()).Changes).MessageId);
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_NothingHappens_EmptyResponseAfter30Seconds()
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        await using var watch = calls.Watch();
        string token = (await watch.NextAsync()).ResumeToken;
        int reads = Reads();
        fixture.Time.Advance(TimeSpan.FromSeconds(28));
        await Until.TrueAsync(() => Reads() > reads, "it has looked");
        fixture.Time.Advance(TimeSpan.FromSeconds(2));
        WatchMessagesResponse alive = await watch.NextAsync();
        Assert.Equal((0, token), (alive.Changes.Count, alive.ResumeToken));
        Store.Change(_sender, Stored.Delivered);
        Assert.Single((await watch.NextAsync()).Changes);   // one empty response, not one each look
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_ManyChanges_100AResponseInOrder()
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        string token;
        await using (var watch = calls.Watch()) token = (await watch.NextAsync()).ResumeToken;
        string[] ids = [.. Enumerable.Range(0, 250).Select(_ => Store.Change(_sender, Stored.Delivered).ToString("D"))];
        await using var resumed = calls.Watch(token);
        WatchMessagesResponse[] responses = [await resumed.NextAsync(), await resumed.NextAsync(), await resumed.NextAsync()];
        Assert.Equal([100, 100, 50], responses.Select(r => r.Changes.Count));
        Assert.Equal(ids, responses.SelectMany(r => r.Changes).Select(c => c.MessageId));
    }

    [Theory]
    [InlineData("another account's")]
    [InlineData("altered")]
    [InlineData("cut")]
    [InlineData("not base64url")]
    [InlineData("one of a message")]
    [Spec("D.told")]
    public async Task Watch_BadToken_InvalidArgumentSaysWhatToDo(string kind)
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        using GrpcCalls others = fixture.Calls($"{_sender}.other");
        string token;
        await using (var watch = (kind == "another account's" ? others : calls).Watch()) token = (await watch.NextAsync()).ResumeToken;
        if (kind == "altered") token = (token[0] == 'A' ? "B" : "A") + token[1..];
        if (kind == "cut") token = token[..^1];
        if (kind == "not base64url") token = new string('!', token.Length);
        if (kind == "one of a message")
        {
            Store.Put(_sender, "hi");
            await using var receive = await calls.StartReceivingAsync();
            token = (await receive.NextAsync()).Message.Token;
        }

        await using var refused = calls.Watch(token);
        SeenRefusal refusal = await refused.RefusalAsync();
        Assert.Equal(((int)StatusCode.InvalidArgument, "BAD_TOKEN"), (refusal.Code, refusal.Reason));
        Assert.Contains("without one", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_TokenTooOld_ResetInTheFirstResponseAndGoesOn()
    {
        await using FakeCore old = new();
        await old.InitializeAsync();
        using GrpcCalls calls = old.Calls(_sender);
        string token;
        await using (var watch = calls.Watch()) token = (await watch.NextAsync()).ResumeToken;
        old.Store.Change(_sender, Stored.Delivered);
        Guid kept = old.Store.Change(_sender, Stored.Expired);
        old.Store.Floor = 1;
        await using var resumed = calls.Watch(token);
        WatchMessagesResponse first = await resumed.NextAsync();
        Assert.True(first.Reset);
        Assert.Equal(kept.ToString("D"), Assert.Single(first.Changes).MessageId);
        await using var again = calls.Watch(first.ResumeToken);
        Assert.False((await again.NextAsync()).Reset);
    }

    [Fact]
    [Spec("D.told", "E.unavailable")]
    public async Task Watch_StoreAway_UnavailableThenResumed()
    {
        await using FakeCore sick = new();
        await sick.InitializeAsync();
        using GrpcCalls calls = sick.Calls(_sender);
        await using var watch = calls.Watch();
        string token = (await watch.NextAsync()).ResumeToken;
        sick.Store.Down = true;
        Guid id = sick.Store.Change(_sender, Stored.Delivered);
        SeenRefusal refusal = await watch.RefusalAsync();
        Assert.Equal(((int)StatusCode.Unavailable, "STORE_UNAVAILABLE", "5s"), (refusal.Code, refusal.Reason, refusal.RetryDelay));
        sick.Store.Down = false;
        await using var resumed = calls.Watch(token);
        Assert.Equal(id.ToString("D"), Assert.Single((await resumed.NextAsync()).Changes).MessageId);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task Stream_AccountDeletedOrNewPassword_EndsWithin5Seconds(int? version)
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        await using var watch = calls.Watch();
        await using var receive = await calls.StartReceivingAsync();
        await watch.NextAsync();
        Store.SetVersion(_sender, version);
        fixture.Time.Advance(TimeSpan.FromSeconds(4));
        foreach (SeenRefusal refusal in new[] { await watch.RefusalAsync(), await receive.RefusalAsync() })
            Assert.Equal(((int)StatusCode.Unauthenticated, "BAD_CREDENTIALS"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    [Spec("E.credentials")]
    public async Task Stream_WrongPassword_Unauthenticated()
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, TestCore.Basic(_sender, "wrong"));
        await using var watch = calls.Watch();
        await using var receive = calls.Receive();
        foreach (SeenRefusal refusal in new[] { await watch.RefusalAsync(), await receive.RefusalAsync() })
            Assert.Equal(((int)StatusCode.Unauthenticated, "BAD_CREDENTIALS"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task Stream_CoreStops_UnavailableAtOnceAndNoneIsOpenedAnyMore()
    {
        for (int tries = 1; ; tries++)
        {
            await using TestCore stopping = await fixture.StartAsync();
            using GrpcCalls calls = FakeCore.Calls(stopping, _sender);
            await using var watch = calls.Watch();
            await using var receive = await calls.StartReceivingAsync();
            await watch.NextAsync();
            long began = Stopwatch.GetTimestamp();
            await stopping.StopAsync();
            Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));   // not the host's 10
            try
            {
                foreach (SeenRefusal refusal in new[] { await watch.RefusalAsync(), await receive.RefusalAsync() })
                    Assert.Equal(((int)StatusCode.Unavailable, "CORE_STOPPING", "1s"), (refusal.Code, refusal.Reason, refusal.RetryDelay));
                break;
            }
            catch (InvalidOperationException) when (tries < 3)
            {
                // The client library now and then takes the connection's end behind a stream's end for the stream's.
            }
        }

        Assert.Contains($"unregister {_sender}", Store.Calls);
    }

    [Fact]
    public async Task Stream_NinthOfAnAccount_ResourceExhaustedUntilOneEnds()
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        using GrpcCalls others = fixture.Calls($"{_sender}.other");
        List<StreamCall<WatchMessagesRequest, WatchMessagesResponse>> open = [];
        for (int i = 0; i < 8; i++)
        {
            open.Add(calls.Watch());
            await open[i].NextAsync();
        }

        await using var ninth = calls.Watch();
        SeenRefusal refusal = await ninth.RefusalAsync();
        Assert.Equal(((int)StatusCode.ResourceExhausted, "TOO_MANY_STREAMS", "30s"), (refusal.Code, refusal.Reason, refusal.RetryDelay));
        await using var receive = calls.Receive();
        Assert.Equal("TOO_MANY_STREAMS", (await receive.RefusalAsync()).Reason);
        await using var other = others.Watch();
        await other.NextAsync();

        await open[0].DisposeAsync();
        await Until.TrueAsync(() => CanWatchAsync(calls), "one place is free");
        foreach (var stream in open) await stream.DisposeAsync();
    }

    [Fact]
    public async Task Stream_MoreThanTheCoreTakes_ResourceExhausted()
    {
        await using TestCore small = await fixture.StartAsync("Api:MaxStreams=2");
        using GrpcCalls one = FakeCore.Calls(small, _sender);
        using GrpcCalls two = FakeCore.Calls(small, $"{_sender}.2");
        using GrpcCalls three = FakeCore.Calls(small, $"{_sender}.3");
        await using var first = one.Watch();
        await using var second = await two.StartReceivingAsync();
        await first.NextAsync();
        await using var third = three.Watch();
        Assert.Equal("TOO_MANY_STREAMS", (await third.RefusalAsync()).Reason);
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_OpenForDays_FeedOpenedAgainDaily()
    {
        using GrpcCalls calls = fixture.Calls(_sender);
        await using var watch = calls.Watch();
        await watch.NextAsync();
        for (int day = 2; day <= 3; day++)
        {
            fixture.Time.Advance(TimeSpan.FromDays(1));
            await watch.NextAsync();
            await Until.TrueAsync(() => Store.Calls.Count(c => c == $"open {_sender}") == day, $"opened {day} times");
        }
    }

    private static async Task<bool> CanWatchAsync(GrpcCalls calls)
    {
        await using var watch = calls.Watch();
        try
        {
            await watch.NextAsync();
            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private int Reads() => Store.Calls.Count(c => c == $"read {_sender}");
}
