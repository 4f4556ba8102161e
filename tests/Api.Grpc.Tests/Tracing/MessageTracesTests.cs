using System.Net.Http.Json;
using Api.Grpc.Tests.Support;
using Api.Grpc.Tracing;
using Core.Store;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;

namespace Api.Grpc.Tests.Tracing;

/// <summary>A message from its POST to the acknowledgement of its delivery, in one trace.</summary>
[Collection(nameof(Alone))]
public sealed class MessageTracesTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    private const string Text = "a canary in the trace";

    [Fact]
    [Spec("S9")]
    public async Task Post_ToItsAcknowledgement_OneTraceWithoutTextOrAddresses()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using TestCore core = await TestCore.StartAsync(
            fixture.Redis.Endpoint, fixture.Certificates, null, $"Traces:Endpoint={receiver.Endpoint}", "Traces:Protocol=HttpProtobuf", "Traces:Ratio=1", "CoreStore:CoreId=core-2");
        await using TestLink link = await TestLink.ConnectAsync(core);
        await link.RegisterAsync("bob", 1);
        using HttpClient alice = core.Client(core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        Guid id = Guid.NewGuid();
        (await alice.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = "bob", text = Text })).EnsureSuccessStatusCode();
        Delivery delivery = (await link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        await link.SendAsync(new EdgeEvent { DeliveryReport = TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice) });
        await link.NextAsync(CoreEvent.EventOneofCase.Reported);

        await Until.TrueAsync(() => receiver.TracesOf("message end").Count > 0 && receiver.TracesOf("message accept").Count > 0, "the spans are exported");
        string trace = Assert.Single(receiver.TracesOf("message accept"));
        Assert.Equal(trace, Assert.Single(receiver.TracesOf("store accept")));
        Assert.Equal(trace, Assert.Single(receiver.TracesOf("message push")));
        Assert.Equal(trace, Assert.Single(receiver.TracesOf("message end")));
        string all = receiver.Received;
        Assert.Contains(id.ToString("D"), all, StringComparison.Ordinal);
        Assert.Contains("Delivered", all, StringComparison.Ordinal);
        Assert.All((string[])[Text, "alice", "bob", "example.test"], secret => Assert.DoesNotContain(secret, all, StringComparison.Ordinal));
    }

    /// <summary>A link is one request for as long as it stands: a message that comes by it has a trace of its own all the same, and at once.</summary>
    [Fact]
    public async Task Submit_ByAnEdge_TracedWhileTheLinkStands()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using TestCore core = await TestCore.StartAsync(
            fixture.Redis.Endpoint, fixture.Certificates, null, $"Traces:Endpoint={receiver.Endpoint}", "Traces:Protocol=HttpProtobuf", "Traces:Ratio=1", "CoreStore:CoreId=core-3");
        await using TestLink link = await TestLink.ConnectAsync(core);
        Registered carol = await link.RegisterAsync("carol", 1);
        for (int i = 0; i < 2; i++) Assert.Equal(Refusal.Unspecified, (await link.SubmitAsync("carol", 1, carol.Ticket, $"call\0tag\0{i}", "alice", ByteString.CopyFromUtf8("hi"))).Refusal);
        await Until.TrueAsync(() => receiver.TracesOf("message accept").Count == 2, "both are exported while the link stands");
        Assert.Equal(2, receiver.TracesOf("message accept").Distinct().Count());
    }

    /// <summary>Off, nothing stands in the way of a message: the store and the ways out are themselves.</summary>
    [Fact]
    public void Endpoint_None_NothingIsPutAround()
    {
        Assert.IsNotType<TracedMessageStore>(fixture.Core.Services.GetRequiredService<IMessageStore>());
        Assert.IsNotType<TracedDeliveryPort>(fixture.Core.Services.GetRequiredService<IDeliveryPort>());
        Assert.Null(fixture.Core.Services.GetService<MessageTraces>());
    }

    [Theory]
    [InlineData("Traces:Endpoint=localhost:4317")]
    [InlineData("Traces:Ratio=2")]
    public async Task Settings_ThatCannotWork_StopTheStart(string setting) =>
        await Assert.ThrowsAnyAsync<Exception>(() => TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, setting));
}
