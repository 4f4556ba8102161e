using System.Net.Http.Json;
using System.Text.Json;
using Api.Grpc.Tests.Support;
using Core.Store.Accounts;
using Edge.Link.V1;
using Edge.Messages.V1;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Testing.Shared;
using Receiving = Api.Grpc.Tests.Support.StreamCall<Edge.Messages.V1.ReceiveMessagesRequest, Edge.Messages.V1.ReceiveMessagesResponse>;

namespace Api.Grpc.Tests.Streams;

/// <summary>Two cores on one real Redis: senders at one, recipients at the other, with hints and without.</summary>
public sealed class TwoCoresTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private RedisServer _redis = null!;
    private TestCore _one = null!;
    private TestCore _two = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _one = await StartAsync("core-1");
        _two = await StartAsync("core-2");
        IAccountStore accounts = _one.Services.GetRequiredService<IAccountStore>();
        foreach (string user in new[] { "alice", "bob" }) await accounts.CreateAsync(RedisCore.Address(user), RedisCore.PasswordOf(user));
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _redis.DisposeAsync();
        _certificates.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]   // publishing forbidden: hints never arrive
    [Spec("D.told", "P2")]
    public async Task Send_WatchedAtOneCoreReceivedAtTheOther_DeliveredAndTold(bool hints)
    {
        if (!hints) await ForbidPublishingAsync();
        using GrpcCalls alice = FakeCore.Calls(_one, "alice");
        using GrpcCalls bob = FakeCore.Calls(_two, "bob");
        await using var watch = alice.Watch();
        await watch.NextAsync();
        await using Receiving receive = await bob.StartReceivingAsync();
        for (int i = 0; i < 3; i++)
        {
            string id = await SendAsync(_one, $"text {i}");
            ReceivedMessage message = (await receive.NextAsync()).Message;
            Assert.Equal((id, $"text {i}", "alice@example.test"), (message.MessageId, message.Text, message.Sender));
            await AcknowledgeAsync(receive, message);
            StatusChange told = Assert.Single((await ChangesAsync(watch)).Changes);
            Assert.Equal((id, MessageState.Delivered), (told.MessageId, told.State));
        }
    }

    [Fact]
    [Spec("D.told")]
    public async Task Watch_CoreRestarted_ResumedAtAnyCoreAndNothingMissed()
    {
        using GrpcCalls bob = FakeCore.Calls(_two, "bob");
        await using Receiving receive = await bob.StartReceivingAsync();
        string token;
        using (GrpcCalls alice = FakeCore.Calls(_one, "alice"))
        {
            await using var watch = alice.Watch();
            token = (await watch.NextAsync()).ResumeToken;
            await SendAsync(_one, "one");
            await SendAsync(_one, "two");
            ReceivedMessage one = (await receive.NextAsync()).Message;
            await AcknowledgeAsync(receive, one, skip: 1);
            WatchMessagesResponse told = await ChangesAsync(watch);
            Assert.Equal(one.MessageId, Assert.Single(told.Changes).MessageId);
            token = told.ResumeToken;
            await _one.DisposeAsync();
            Assert.Equal("CORE_STOPPING", (await watch.RefusalAsync()).Reason);
        }

        string three = await SendAsync(_two, "three");   // while nobody watches
        ReceivedMessage third = (await receive.NextAsync()).Message;
        Assert.Equal(three, third.MessageId);
        await AcknowledgeAsync(receive, third);
        _one = await StartAsync("core-1");
        foreach (TestCore core in new[] { _one, _two })
        {
            using GrpcCalls again = FakeCore.Calls(core, "alice");
            await using var resumed = again.Watch(token);
            WatchMessagesResponse missed = await resumed.NextAsync();
            Assert.False(missed.Reset);
            Assert.Equal(three, Assert.Single(missed.Changes).MessageId);
        }
    }

    [Fact]
    [Spec("D.devices", "D.order")]
    public async Task Receive_PhoneRegistersBySip_ItIsTheOneUntilItUnregisters()
    {
        using GrpcCalls bob = FakeCore.Calls(_two, "bob");
        await using Receiving receive = await bob.StartReceivingAsync();
        await using TestLink phone = await TestLink.ConnectAsync(_one);
        await phone.RegisterAsync("bob", 1);
        await SendAsync(_one, "to the phone");
        Assert.Equal("to the phone", (await phone.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery.Text.ToStringUtf8());
        await phone.SendAsync(new EdgeEvent { Unregister = new Unregister { Flow = 1, User = "bob" } });
        await phone.NextAsync(CoreEvent.EventOneofCase.Reported);
        ReceivedMessage first = (await receive.NextAsync()).Message;   // the phone has not said that it has it
        Assert.Equal("to the phone", first.Text);
        await AcknowledgeAsync(receive, first);
        await SendAsync(_one, "to the stream");
        Assert.Equal("to the stream", (await receive.NextAsync()).Message.Text);
    }

    [Fact]
    [Spec("D.told", "P3")]
    public async Task Receipt_AskedFor_ReceivedOnceByTheSenderWithoutAReceiptForIt()
    {
        using GrpcCalls alice = FakeCore.Calls(_one, "alice");
        using GrpcCalls bob = FakeCore.Calls(_two, "bob");
        string id = await SendAsync(_one, "hi", receipt: true);
        await using Receiving recipient = await bob.StartReceivingAsync();
        ReceivedMessage message = (await recipient.NextAsync()).Message;
        await AcknowledgeAsync(recipient, message);
        await using Receiving sender = await alice.StartReceivingAsync();
        ReceivedMessage told = (await sender.NextAsync()).Message;
        Assert.Equal((id, MessageState.Delivered, "bob@example.test"), (told.Receipt.MessageId, told.Receipt.State, told.Sender));
        Assert.NotEqual(id, told.MessageId);
        await AcknowledgeAsync(sender, told);
        await AcknowledgeAsync(recipient, message);   // again: told once
        await SendAsync(_one, "last", receipt: false, to: "alice", from: "bob");
        Assert.Equal("last", (await sender.NextAsync()).Message.Text);
        await SendAsync(_one, "last", receipt: false);
        Assert.Equal("last", (await recipient.NextAsync()).Message.Text);   // bob got no receipt for the receipt
    }

    [Fact]
    [Spec("S14", "D.expired", "S27", "D.told")]
    public async Task Acknowledge_AfterExpiry_LiftsTheStateAndIsToldAfterIt()
    {
        await using TestCore brief = await StartAsync("core-3", "CoreStore:Validity=00:00:02");
        using GrpcCalls alice = FakeCore.Calls(brief, "alice");
        using GrpcCalls bob = FakeCore.Calls(brief, "bob");
        await using var watch = alice.Watch();
        await watch.NextAsync();
        await using Receiving receive = await bob.StartReceivingAsync();
        string id = await SendAsync(brief, "hi");
        ReceivedMessage message = (await receive.NextAsync()).Message;
        StatusChange expired = Assert.Single((await ChangesAsync(watch)).Changes);
        Assert.Equal((id, MessageState.Expired), (expired.MessageId, expired.State));
        await AcknowledgeAsync(receive, message);
        StatusChange delivered = Assert.Single((await ChangesAsync(watch)).Changes);
        Assert.Equal((id, MessageState.Delivered), (delivered.MessageId, delivered.State));
    }

    private Task<TestCore> StartAsync(string coreId, params string[] settings) => TestCore.StartAsync(_redis.Endpoint, _certificates, null, [$"CoreStore:CoreId={coreId}", .. settings]);

    private async Task ForbidPublishingAsync()
    {
        await using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync($"{_redis.Endpoint},allowAdmin=true");
        await redis.GetDatabase().ExecuteAsync("ACL", "SETUSER", "default", "-publish");
    }

    private static async Task<string> SendAsync(TestCore core, string text, bool receipt = false, string to = "bob", string from = "alice")
    {
        string id = Guid.NewGuid().ToString();
        using HttpClient client = core.Client(core.Api, TestCore.Basic(from, RedisCore.PasswordOf(from)));
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = to, text, receipt });
        Assert.Equal("ENQUEUED", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("state").GetString());
        return id;
    }

    /// <param name="skip">Messages that are on their way to the client already.</param>
    private static async Task AcknowledgeAsync(Receiving stream, ReceivedMessage message, int skip = 0)
    {
        await stream.SendAsync(new ReceiveMessagesRequest { Acknowledgement = new() { MessageId = message.MessageId, Token = message.Token } });
        for (int i = 0; i < skip; i++) Assert.Equal(ReceiveMessagesResponse.ResponseOneofCase.Message, (await stream.NextAsync()).ResponseCase);
        Assert.Equal(MessageState.Delivered, (await stream.NextAsync()).Acknowledged.State);
    }

    private static async Task<WatchMessagesResponse> ChangesAsync(StreamCall<WatchMessagesRequest, WatchMessagesResponse> watch)
    {
        while (true)
        {
            WatchMessagesResponse response = await watch.NextAsync();
            if (response.Changes.Count > 0) return response;
        }
    }
}
