using System.Net.Http.Json;
using System.Text.Json;
using Api.Grpc.Tests.Support;
using Edge.Messages.V1;
using Testing.Shared;

namespace Api.Grpc.Tests.Services;

/// <summary>The public API where it says yes.</summary>
public sealed class MessagesServiceTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    [Theory]
    [InlineData("bob")]
    [InlineData("bob@example.test")]
    [InlineData("bob@EXAMPLE.test")]
    [InlineData("sip:bob@example.test")]
    [InlineData("sips:b%6Fb@example.test:5061;transport=tls")]
    [Spec("S6", "S28", "D.accounts", "D.one-id", "E.accepted", "R.uri")]
    public async Task Send_RecipientInAnyForm_Enqueued(string recipient)
    {
        using HttpClient alice = Client();
        string id = Guid.NewGuid().ToString().ToUpperInvariant();
        JsonElement sent = await PostAsync(alice, id, recipient, "hi");
        Assert.Equal(["messageId", "state", "acceptTime", "expireTime"], sent.EnumerateObject().Select(p => p.Name));
        Assert.Equal(id.ToLowerInvariant(), sent.GetProperty("messageId").GetString());
        Assert.Equal("ENQUEUED", sent.GetProperty("state").GetString());
        Assert.Equal(TimeSpan.FromHours(72), sent.GetProperty("expireTime").GetDateTimeOffset() - sent.GetProperty("acceptTime").GetDateTimeOffset());
    }

    [Fact]
    [Spec("S6", "D.one-id", "D.told", "P3")]
    public async Task Send_ByGrpcThenJson_OneMessageSameAnswer()
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, TestCore.Basic("alice@example.test", RedisCore.PasswordOf("alice")));
        using HttpClient alice = Client();
        string id = Guid.NewGuid().ToString();
        SendMessageResponse rpc = await calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", new() { MessageId = id, Recipient = "bob", Text = "hi" });
        int stored = await fixture.StoredAsync();
        JsonElement json = await PostAsync(alice, id.ToUpperInvariant(), "sip:bob@example.test", "hi");   // spec P3
        Assert.Equal(rpc.AcceptTime.ToDateTimeOffset(), json.GetProperty("acceptTime").GetDateTimeOffset());
        Assert.Equal((id, MessageState.Enqueued), (rpc.MessageId, rpc.State));
        Assert.Equal(stored, await fixture.StoredAsync());
        GetMessageResponse got = await calls.CallAsync<GetMessageRequest, GetMessageResponse>(GrpcCalls.Messages, "GetMessage", new() { MessageId = id });
        Assert.Equal((rpc.MessageId, rpc.State, rpc.AcceptTime, rpc.ExpireTime), (got.MessageId, got.State, got.AcceptTime, got.ExpireTime));
    }

    [Fact]
    [Spec("S5")]
    public async Task GetLimits_ByJsonAndGrpc_TheConfiguredOnes()
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        GetLimitsResponse rpc = await calls.CallAsync<GetLimitsRequest, GetLimitsResponse>(GrpcCalls.Messages, "GetLimits", new());
        Assert.Equal((160, 4_096, 16_384, 500, 100), (rpc.MaxCharacters, rpc.MaxTextBytes, rpc.MaxBodyBytes, rpc.MaxQueuedPerRecipient, rpc.MaxQueuedPerSender));
        Assert.Equal((259_200, 302_400), (rpc.Validity.Seconds, rpc.RepeatWindow.Seconds));   // 72 h and 84 h
        using HttpClient alice = Client();
        JsonElement json = await alice.GetFromJsonAsync<JsonElement>("/v1/limits");
        Assert.Equal((160, "259200s", "302400s"), (json.GetProperty("maxCharacters").GetInt32(), json.GetProperty("validity").GetString(), json.GetProperty("repeatWindow").GetString()));
    }

    [Fact]
    [Spec("S2")]
    public async Task Send_LargestTextEscaped_FitsTheBodyLimit()
    {
        using HttpClient alice = Client();
        string text = string.Concat(Enumerable.Repeat("e" + new string('\u0301', 12), 160));   // 4,000 bytes, each accent 6 characters as an escape
        JsonElement sent = await PostAsync(alice, Guid.NewGuid().ToString(), "bob", text);   // System.Text.Json escapes all of it
        Assert.Equal("ENQUEUED", sent.GetProperty("state").GetString());
    }

    private HttpClient Client() => fixture.Core.Client(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));

    private static async Task<JsonElement> PostAsync(HttpClient client, string id, string recipient, string text)
    {
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient, text });
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
