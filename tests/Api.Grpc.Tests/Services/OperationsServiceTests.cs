using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Grpc.Tests.Support;
using Edge.Admin.V1;
using Edge.Link.V1;
using Edge.Messages.V1;
using Google.Protobuf;
using Grpc.Core;
using Testing.Shared;

namespace Api.Grpc.Tests.Services;

/// <summary>What operators see of a life at the link and on streams, by JSON and gRPC.</summary>
[Spec("B1", "B4")]
public sealed class OperationsServiceTests(RedisCore fixture) : IClassFixture<RedisCore>, IAsyncLifetime
{
    private readonly HttpClient _admin = fixture.Core.Client(fixture.Core.Admin, TestCore.Bearer());
    private readonly GrpcCalls _calls = fixture.Core.Calls(fixture.Core.Admin, TestCore.Bearer());
    private readonly string _sender = $"op-{Guid.NewGuid():N}", _recipient = $"op-{Guid.NewGuid():N}";
    private TestLink _link = null!;

    public async ValueTask InitializeAsync()
    {
        await fixture.AddAccountsAsync(_sender, _recipient);
        _link = await TestLink.ConnectAsync(fixture.Core, "edge-views");
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        _admin.Dispose();
        _calls.Dispose();
    }

    [Fact]
    public async Task Sessions_RegisteredAndGone_ToldWithReasonsAndWithoutControlCharacters()
    {
        await _link.RegisterAsync(_recipient, 11, change: static r => r.Client = new ClientSession
        {
            Address = "192.0.2.7:40001",
            UserAgent = "Phone\r\n\u001b[31m",
            TlsVersion = "TLSv1.3",
            CipherSuite = "TLS_AES_256_GCM_SHA384",
            ConnectedMs = 60_000,
        });
        ListRegistrationsResponse online = await CallAsync<ListRegistrationsRequest, ListRegistrationsResponse>("ListRegistrations", new() { User = _recipient });
        Registration one = Assert.Single(online.Registrations);
        Assert.Equal((_recipient, "example.test", "edge-views", 11UL, true), (one.User, one.Domain, one.EdgeId, one.Flow, one.Active));
        Assert.Equal(("192.0.2.7:40001", "Phone???[31m", "TLSv1.3", "TLS_AES_256_GCM_SHA384"), (one.Client.Address, one.Client.UserAgent, one.Client.TlsVersion, one.Client.CipherSuite));
        Assert.InRange(one.ExpiresInSeconds, 1, 3_600);
        Assert.InRange((one.RegisterTime.ToDateTimeOffset() - one.Client.ConnectTime.ToDateTimeOffset()).TotalSeconds, 50, 70);

        JsonElement all = await GetAsync("/v1/registrations?pageSize=1000");
        Assert.Contains(all.GetProperty("registrations").EnumerateArray(), r => r.GetProperty("user").GetString() == _recipient);

        await _link.SendAsync(new EdgeEvent { Unregister = new Unregister { Flow = 11, User = _recipient, Number = 1, Reason = "peer_closed" } });
        await _link.NextAsync(CoreEvent.EventOneofCase.Reported);
        JsonElement[] events = [.. (await GetAsync($"/v1/accounts/{_recipient}/sessions")).GetProperty("events").EnumerateArray()];
        Assert.Equal(["DISCONNECT", "REGISTER", "CONNECT"], events.Select(static e => e.GetProperty("kind").GetString()));
        Assert.Equal("peer_closed", events[0].GetProperty("reason").GetString());
        Assert.All(events, static e => Assert.Equal("192.0.2.7:40001", e.GetProperty("client").GetProperty("address").GetString()));
        Assert.False((await GetAsync($"/v1/registrations?user={_recipient}")).TryGetProperty("registrations", out JsonElement left) && left.GetArrayLength() > 0);
    }

    [Fact]
    public async Task Unregister_ReasonOutsideTheRules_IsNotShown()
    {
        await _link.RegisterAsync(_recipient, 12);
        await _link.SendAsync(new EdgeEvent { Unregister = new Unregister { Flow = 12, User = _recipient, Number = 1, Reason = "<script>" } });
        await _link.NextAsync(CoreEvent.EventOneofCase.Reported);
        Assert.DoesNotContain("script", (await GetAsync($"/v1/accounts/{_recipient}/sessions")).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_OneRefusedAfterATry_ListedWithItsTimeLineAndNeverItsText()
    {
        string id = Guid.NewGuid().ToString();
        using HttpClient sender = fixture.Core.Client(fixture.Core.Api, TestCore.Basic(_sender, RedisCore.PasswordOf(_sender)));
        await _link.RegisterAsync(_recipient, 13);
        (await sender.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = _recipient, text = "canary" })).EnsureSuccessStatusCode();
        Delivery delivery = (await _link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        await ReportAsync(delivery, DeliveryOutcome.Failed, 480);

        JsonElement queue = await GetAsync($"/v1/accounts/{_recipient}/queue");
        JsonElement waiting = Assert.Single(queue.GetProperty("messages").EnumerateArray());
        Assert.Equal((1, id, _sender, 1), (queue.GetProperty("waiting").GetInt32(), waiting.GetProperty("messageId").GetString(), waiting.GetProperty("sender").GetString(), waiting.GetProperty("failedTries").GetInt32()));
        Assert.InRange(waiting.GetProperty("storedBytes").GetInt32(), 349, 348 + 255);   // a short text, and a domain

        delivery.Attempt = 2;
        await ReportAsync(delivery, DeliveryOutcome.RefusedByDevice, 488);
        string[] listed = [];
        for (int tries = 0; listed.Length == 0 && tries < 50; tries++)   // the log is written every 2 s
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
            listed = [.. (await CallAsync<ListMessagesRequest, ListMessagesResponse>("ListMessages", new() { User = _recipient })).Messages.Select(static m => $"{m.MessageId} {m.Sender} {m.Recipient} {m.State}")];
        }

        Assert.Equal([$"{id} {_sender} {_recipient} InvalidDevice"], listed);
        JsonElement shown = await GetAsync($"/v1/accounts/{_sender}/messages/{id}");
        Assert.Equal(
            ["ENQUEUED", "ENQUEUED 1 480 edge-views", "INVALID_DEVICE 2 488 "],
            shown.GetProperty("events").EnumerateArray().Select(static e => e.GetProperty("state").GetString() + (e.TryGetProperty("deliveryTry", out JsonElement t) && t.ValueKind == JsonValueKind.Object
                ? $" {t.GetProperty("attempt")} {t.GetProperty("sipStatus")} {t.GetProperty("edgeId")}"
                : string.Empty)));
        Assert.DoesNotContain("canary", shown.GetRawText() + queue.GetRawText(), StringComparison.Ordinal);
        RpcException unknown = await Assert.ThrowsAsync<RpcException>(() => CallAsync<Edge.Admin.V1.GetMessageRequest, Edge.Admin.V1.GetMessageResponse>("GetMessage", new() { User = _recipient, MessageId = id }));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Stream_Receiving_IsRegisteredAndInTheSessionLog()
    {
        using (GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, TestCore.Basic(_recipient, RedisCore.PasswordOf(_recipient))))
        {
            await using StreamCall<ReceiveMessagesRequest, ReceiveMessagesResponse> stream = await calls.StartReceivingAsync();
            await Until.TrueAsync(async () => (await CallAsync<ListRegistrationsRequest, ListRegistrationsResponse>("ListRegistrations", new() { User = _recipient })).Registrations.Count == 1, "the stream is registered");
            Client client = (await CallAsync<ListRegistrationsRequest, ListRegistrationsResponse>("ListRegistrations", new() { User = _recipient })).Registrations[0].Client;
            Assert.StartsWith("127.0.0.1:", client.Address, StringComparison.Ordinal);
            Assert.Equal("TLSv1.3", client.TlsVersion);
            Assert.StartsWith("grpc-dotnet", client.UserAgent, StringComparison.Ordinal);
        }

        await Until.TrueAsync(async () => (await CallAsync<ListSessionEventsRequest, ListSessionEventsResponse>("ListSessionEvents", new() { User = _recipient })).Events is [{ Reason: "stream_ended" }, ..], "its end is noted");
    }

    [Theory]
    [InlineData("/v1/accounts/nobody/sessions", HttpStatusCode.NotFound, "UNKNOWN_ACCOUNT")]
    [InlineData("/v1/accounts/nobody/messages", HttpStatusCode.NotFound, "UNKNOWN_ACCOUNT")]
    [InlineData("/v1/accounts/nobody/queue", HttpStatusCode.NotFound, "UNKNOWN_ACCOUNT")]
    [InlineData("/v1/registrations?user=nobody", HttpStatusCode.NotFound, "UNKNOWN_ACCOUNT")]
    [InlineData("/v1/registrations?user=no%20body", HttpStatusCode.BadRequest, "BAD_ACCOUNT")]
    [InlineData("/v1/registrations?pageSize=1001", HttpStatusCode.BadRequest, "BAD_PAGE")]
    [InlineData("/v1/registrations?pageToken=x", HttpStatusCode.BadRequest, "BAD_PAGE")]
    [InlineData("/v1/accounts/alice/messages?pageToken=99999999999-1-1", HttpStatusCode.BadRequest, "BAD_PAGE")]
    [InlineData("/v1/accounts/alice/messages?pageToken=x-y-z", HttpStatusCode.BadRequest, "BAD_PAGE")]
    [InlineData("/v1/accounts/alice/queue?pageSize=-1", HttpStatusCode.BadRequest, "BAD_PAGE")]
    [InlineData("/v1/accounts/alice/messages?text=1", HttpStatusCode.BadRequest, "UNKNOWN_KEY")]
    [InlineData("/v1/accounts/alice/messages/1", HttpStatusCode.BadRequest, "BAD_MESSAGE_ID")]
    [InlineData("/v1/accounts/alice/messages/00000000-0000-4000-8000-000000000000", HttpStatusCode.NotFound, "UNKNOWN_MESSAGE")]
    public async Task Views_AskedWrongly_SaidWhatToDo(string path, HttpStatusCode status, string reason)
    {
        using HttpResponseMessage response = await _admin.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal((status, reason), (response.StatusCode, (await SeenRefusal.FromJsonAsync(response)).Reason));
    }

    [Theory]
    [InlineData("/v1/registrations")]
    [InlineData("/v1/poisoned-records")]
    [InlineData("/v1/accounts/alice/sessions")]
    public async Task Views_WithoutTheToken_Refused(string path)
    {
        using HttpClient stranger = fixture.Core.Client(fixture.Core.Admin, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        using HttpResponseMessage response = await stranger.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        using HttpResponseMessage elsewhere = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
    }

    private async Task ReportAsync(Delivery delivery, DeliveryOutcome outcome, uint status)
    {
        DeliveryReport report = TestLink.Report(delivery, outcome);
        (report.SipStatus, report.Attempt) = (status, delivery.Attempt);
        await _link.SendAsync(new EdgeEvent { DeliveryReport = report });
        await _link.NextAsync(CoreEvent.EventOneofCase.Reported);
    }

    private Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() => _calls.CallAsync<TRequest, TResponse>("edge.admin.v1.OperationsService", method, request);

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await _admin.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
