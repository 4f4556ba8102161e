using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Api.Grpc.Tests.Support;
using Edge.Messages.V1;
using Grpc.Core;
using Testing.Shared;

namespace Api.Grpc.Tests.Translation;

/// <summary>The error table of the spec, by JSON and by gRPC: the same reason, words, counts and code, the HTTP status that belongs to it, and nothing stored.</summary>
public sealed class ErrorTableTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    private static readonly string Family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";   // 1 grapheme, 5 code points, 8 units, 18 bytes

    public static TheoryData<string, string, string, HttpStatusCode, StatusCode, string, string> BadMessages => new()
    {
        { "not-a-uuid", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { "", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { "00000000-0000-0000-0000-000000000000", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { "{11111111-2222-4333-8444-555555555555}", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { " 11111111-2222-4333-8444-555555555555", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { "+1111111-2222-4333-8444-555555555555", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { "0x111111-0x22-0x33-0x44-0x5555555555", "bob", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_MESSAGE_ID", "" },
        { "new", "", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },   // spec S4: zero
        { "new", "bob,carol", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },   // several
        { "new", "bob@example.test,carol@example.test", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },
        { "new", "sip:bob@example.test;x,sip:carol@example.test", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },
        { "new", "sip:bob@example.test:5061, sip:carol@example.test", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },
        { "new", "tel:123", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },
        { "new", "sip:example.test", "hi", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_RECIPIENT", "" },
        { "new", "bob", "", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_TEXT", "bytes=0 codePoints=0 graphemes=0 utf16Units=0 " },   // spec S2
        { "new", "bob", " \t\r\n", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_TEXT", "bytes=4 codePoints=4 graphemes=3 utf16Units=4 " },
        { "new", "bob", "a\0b", HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "BAD_TEXT", "bytes=3 codePoints=3 graphemes=3 utf16Units=3 " },
        { "new", "bob", new string('a', 161), HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "TEXT_TOO_LONG", "bytes=161 codePoints=161 graphemes=161 utf16Units=161 " },
        { "new", "bob", string.Concat(Enumerable.Repeat(Family, 161)), HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "TEXT_TOO_LONG", "bytes=2898 codePoints=805 graphemes=161 utf16Units=1288 " },
        { "new", "bob", "a" + new string('\u0301', 2048), HttpStatusCode.BadRequest, StatusCode.InvalidArgument, "TEXT_TOO_LONG", "bytes=4097 codePoints=2049 graphemes=1 utf16Units=2049 " },
        { "new", "nobody", "hi", HttpStatusCode.NotFound, StatusCode.NotFound, "UNKNOWN_RECIPIENT", "" },
        { "new", "bob@elsewhere.test", "hi", HttpStatusCode.NotFound, StatusCode.NotFound, "UNKNOWN_RECIPIENT", "" },
    };

    [Theory, MemberData(nameof(BadMessages))]
    [Spec("S2", "S4", "S6", "S26", "E.malformed", "E.text", "E.unknown")]
    public async Task Send_BadMessage_RefusedAlikeAndNothingStored(string id, string recipient, string text, HttpStatusCode http, StatusCode grpc, string reason, string counts)
    {
        int before = await fixture.StoredAsync();
        if (id == "new") id = Guid.NewGuid().ToString();

        (HttpStatusCode status, SeenRefusal json) = await PostAsync(id, recipient, text);
        SeenRefusal rpc = await RefusedCallAsync(id, recipient, text);

        Assert.Equal(http, status);
        Assert.Equal((int)grpc, json.Code);
        Assert.Equal((reason, "edge", counts), (json.Reason, json.Domain, json.Metadata));
        Assert.Equal(json, rpc);
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("nobody-at-all", "wrong")]
    [InlineData("alice@elsewhere.test", "pässword:alice")]
    [InlineData("alice", "")]
    [Spec("S11", "E.credentials")]
    public async Task Send_WrongCredentials_RefusedAlikeAndNothingStored(string user, string password)
    {
        int before = await fixture.StoredAsync();
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, TestCore.Basic(user, password));
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", Body(Guid.NewGuid().ToString(), "bob", "hi"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Basic realm=\"example.test\", charset=\"UTF-8\"", response.Headers.WwwAuthenticate.ToString());
        SeenRefusal json = await SeenRefusal.FromJsonAsync(response);
        Assert.Equal(((int)StatusCode.Unauthenticated, "BAD_CREDENTIALS"), (json.Code, json.Reason));
        Assert.Equal(json, await RefusedCallAsync(Guid.NewGuid().ToString(), "bob", "hi", TestCore.Basic(user, password)));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Basic")]
    [InlineData("Basic !!!")]
    [InlineData("Basic YWxpY2U=")]   // no colon
    [InlineData("Bearer a-token-for-tests-0123456789")]   // the operators' token opens nothing here
    [Spec("S11", "E.credentials")]
    public async Task Send_NoBasicCredentials_Refused(string? authorization)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api);
        if (authorization is not null) client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", Body(Guid.NewGuid().ToString(), "bob", "hi"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("BAD_CREDENTIALS", (await SeenRefusal.FromJsonAsync(response)).Reason);
    }

    [Theory]
    [InlineData("bob", "other text")]
    [InlineData("carol", "hi")]
    [Spec("D.one-id", "E.id-reused")]
    public async Task Send_IdUsedForSomethingElse_RefusedAlikeAndFirstStands(string recipient, string text)
    {
        string id = Guid.NewGuid().ToString();
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, Alice);
        using HttpResponseMessage first = await client.PostAsJsonAsync("/v1/messages", Body(id, "bob", "hi"));
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        int before = await fixture.StoredAsync();

        (HttpStatusCode status, SeenRefusal json) = await PostAsync(id, recipient, text);

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal(((int)StatusCode.AlreadyExists, "ID_REUSED"), (json.Code, json.Reason));
        Assert.Equal(json, await RefusedCallAsync(id, recipient, text));
        Assert.Equal(before, await fixture.StoredAsync());
        Assert.Equal("ENQUEUED", (await client.GetFromJsonAsync<System.Text.Json.JsonElement>($"/v1/messages/{id}")).GetProperty("state").GetString());
    }

    [Fact]
    [Spec("D.told", "E.unknown")]
    public async Task Get_SomeoneElsesOrUnknownId_RefusedAlike()
    {
        string id = Guid.NewGuid().ToString();
        using HttpClient alice = fixture.Core.Client(fixture.Core.Api, Alice);
        (await alice.PostAsJsonAsync("/v1/messages", Body(id, "bob", "hi"))).EnsureSuccessStatusCode();

        AuthenticationHeaderValue carol = TestCore.Basic("carol", RedisCore.PasswordOf("carol"));
        using HttpClient other = fixture.Core.Client(fixture.Core.Api, carol);
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, carol);
        foreach (string asked in new[] { id, Guid.NewGuid().ToString() })
        {
            using HttpResponseMessage response = await other.GetAsync($"/v1/messages/{asked}");
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            SeenRefusal json = await SeenRefusal.FromJsonAsync(response);
            Assert.Equal("UNKNOWN_MESSAGE", json.Reason);
            RpcException refused = await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<GetMessageRequest, GetMessageResponse>(GrpcCalls.Messages, "GetMessage", new() { MessageId = asked }));
            Assert.Equal(json, SeenRefusal.FromGrpc(refused));
        }
    }

    [Fact]
    public async Task Send_TooManyFailures_RefusedAlikeWithRetryAfter()
    {
        await fixture.AddAccountsAsync("mallory-target");
        using HttpClient guesser = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("mallory-target", "guess"));
        for (int guess = 0; guess < 5; guess++)
        {
            using HttpResponseMessage response = await guesser.GetAsync("/v1/limits");
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        AuthenticationHeaderValue right = TestCore.Basic("mallory-target", RedisCore.PasswordOf("mallory-target"));
        using HttpClient owner = fixture.Core.Client(fixture.Core.Api, right);
        using HttpResponseMessage locked = await owner.GetAsync("/v1/limits");
        SeenRefusal json = await SeenRefusal.FromJsonAsync(locked);
        SeenRefusal rpc = await RefusedCallAsync(Guid.NewGuid().ToString(), "bob", "hi", right);

        Assert.Equal(HttpStatusCode.TooManyRequests, locked.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), locked.Headers.RetryAfter?.Delta);
        Assert.Equal(((int)StatusCode.ResourceExhausted, "TOO_MANY_FAILURES", "1s"), (json.Code, json.Reason, json.RetryDelay));
        Assert.Equal(json, rpc);
    }

    [Fact]
    [Spec("E.quota", "N.quotas")]
    public async Task Send_QueueFull_RefusedAlikeWithRetryAfterAndNothingStored()
    {
        using LimitsOnDisk two = new("""{"queue": {"perSender": 2}}""");
        await using TestCore small = await TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, $"CoreStore:LimitsFile={two.Path}", "CoreStore:CoreId=small");
        await fixture.AddAccountsAsync("sleeper");
        using HttpClient client = small.Client(small.Api, Alice);
        for (int i = 0; i < 2; i++) (await client.PostAsJsonAsync("/v1/messages", Body(Guid.NewGuid().ToString(), "sleeper", "hi"))).EnsureSuccessStatusCode();
        int before = await fixture.StoredAsync();

        string id = Guid.NewGuid().ToString();
        using HttpResponseMessage full = await client.PostAsJsonAsync("/v1/messages", Body(id, "sleeper", "hi"));
        SeenRefusal json = await SeenRefusal.FromJsonAsync(full);
        using GrpcCalls calls = small.Calls(small.Api, Alice);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", new() { MessageId = id, Recipient = "sleeper", Text = "hi" }));

        Assert.Equal(HttpStatusCode.TooManyRequests, full.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(60), full.Headers.RetryAfter?.Delta);
        Assert.Equal(((int)StatusCode.ResourceExhausted, "QUEUE_FULL", "60s"), (json.Code, json.Reason, json.RetryDelay));
        Assert.Equal(json, SeenRefusal.FromGrpc(refused));
        Assert.Equal(before, await fixture.StoredAsync());
        using HttpResponseMessage unknown = await client.GetAsync($"/v1/messages/{id}");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private static AuthenticationHeaderValue Alice => TestCore.Basic("alice", RedisCore.PasswordOf("alice"));

    private static object Body(string id, string recipient, string text) => new { messageId = id, recipient, text };

    private async Task<(HttpStatusCode Status, SeenRefusal Refusal)> PostAsync(string id, string recipient, string text)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, Alice);
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", Body(id, recipient, text));
        return (response.StatusCode, await SeenRefusal.FromJsonAsync(response));
    }

    private async Task<SeenRefusal> RefusedCallAsync(string id, string recipient, string text, AuthenticationHeaderValue? authorization = null)
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, authorization ?? Alice);
        SendMessageRequest request = new() { MessageId = id, Recipient = recipient, Text = text };
        return SeenRefusal.FromGrpc(await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", request)));
    }
}
