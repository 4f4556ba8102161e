using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Api.Grpc.Tests.Support;
using Edge.Messages.V1;
using Grpc.Core;
using Testing.Shared;

namespace Api.Grpc.Tests.Translation;

/// <summary>What JSON transcoding and gRPC alone would take or answer otherwise (spec, error table: type, size, encoding, keys).</summary>
public sealed class RequestFilterTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    private const string Id = "\"messageId\":\"11111111-2222-4333-8444-555555555555\"";
    private const string Good = "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\"}";

    public static TheoryData<string, string> BadBodies => new()
    {
        { "", "MALFORMED" },
        { "null", "MALFORMED" },
        { "[]", "MALFORMED" },
        { "[" + Good + "]", "MALFORMED" },
        { "{", "MALFORMED" },
        { Good + "x", "MALFORMED" },
        { Good + Good, "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",}", "MALFORMED" },
        { "\uFEFF" + Good, "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":null}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":5}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":{}}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"\\ud83d\"}", "MALFORMED" },   // half of a surrogate pair: spec S2
        { "{" + Id + ",\"recipient\":\"bob\",\"te\\ud83dxt\":\"hi\"}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":true}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"receipt\":\"true\"}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"receipt\":1}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"receipt\":null}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"receipt\":[true]}", "MALFORMED" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"receipt\":true,\"receipt\":true}", "REPEATED_KEY" },
        { "{" + Id + ",\"recipient\":[\"bob\",\"carol\"],\"text\":\"hi\"}", "BAD_RECIPIENT" },   // spec S4
        { "{" + Id + ",\"recipient\":[\"bob\"],\"text\":\"hi\"}", "BAD_RECIPIENT" },
        { "{" + Id + ",\"recipient\":null,\"text\":\"hi\"}", "BAD_RECIPIENT" },
        { "{" + Id + ",\"recipient\":{\"to\":\"bob\"},\"text\":\"hi\"}", "BAD_RECIPIENT" },
        { "{" + Id + ",\"text\":\"hi\"}", "BAD_RECIPIENT" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"attachment\":\"x\"}", "UNKNOWN_KEY" },   // spec S1
        { "{" + Id + ",\"recipient\":\"bob\",\"Text\":\"hi\"}", "UNKNOWN_KEY" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"\":\"\"}", "UNKNOWN_KEY" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"text\":\"ho\"}", "REPEATED_KEY" },
        { "{" + Id + ",\"message_id\":\"11111111-2222-4333-8444-555555555555\",\"recipient\":\"bob\",\"text\":\"hi\"}", "REPEATED_KEY" },
        { "{" + Id + ",\"recipient\":\"bob\",\"text\":\"hi\",\"te\\u0078t\":\"ho\"}", "REPEATED_KEY" },
    };

    [Theory, MemberData(nameof(BadBodies))]
    [Spec("S1", "S2", "S4", "E.malformed")]
    public async Task Post_BadBody_RefusedAndNothingStored(string body, string reason)
    {
        int before = await fixture.StoredAsync();
        using HttpResponseMessage response = await PostAsync(Encoding.UTF8.GetBytes(body), "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        SeenRefusal refusal = await SeenRefusal.FromJsonAsync(response);
        Assert.Equal((reason, (int)StatusCode.InvalidArgument), (refusal.Reason, refusal.Code));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Fact]
    [Spec("S2", "E.text")]
    public async Task Post_IllFormedUtf8_RefusedAndNothingStored()
    {
        int before = await fixture.StoredAsync();
        byte[] body = Encoding.Latin1.GetBytes("{" + Id + ",\"recipient\":\"bob\",\"text\":\"\u00e9\"}");
        using HttpResponseMessage response = await PostAsync(body, "application/json");
        Assert.Equal((HttpStatusCode.BadRequest, "MALFORMED"), (response.StatusCode, (await SeenRefusal.FromJsonAsync(response)).Reason));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/jsonx")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [Spec("S1", "E.content-type")]
    public async Task Post_OtherContentType_415AndNothingStored(string? contentType)
    {
        int before = await fixture.StoredAsync();
        using HttpResponseMessage response = await PostAsync(Encoding.UTF8.GetBytes(Good), contentType);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        SeenRefusal refusal = await SeenRefusal.FromJsonAsync(response);
        Assert.Equal(("CONTENT_TYPE", (int)StatusCode.InvalidArgument), (refusal.Reason, refusal.Code));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Fact]
    [Spec("E.content-type")]
    public async Task Post_CompressedBody_415()
    {
        using HttpResponseMessage response = await PostAsync(Encoding.UTF8.GetBytes(Good), "application/json", content => content.Headers.ContentEncoding.Add("gzip"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json; charset=\"UTF-8\"")]
    [InlineData("Application/JSON")]
    [Spec("E.accepted", "E.content-type")]
    public async Task Post_Utf8Json_Accepted(string contentType)
    {
        string body = Good.Replace("11111111-2222-4333-8444-555555555555", Guid.NewGuid().ToString(), StringComparison.Ordinal);
        using HttpResponseMessage response = await PostAsync(Encoding.UTF8.GetBytes(body), contentType);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Spec("E.body-size")]
    public async Task Post_BodyOverTheLimit_413AndNothingStored(bool chunked)
    {
        int before = await fixture.StoredAsync();
        byte[] body = Encoding.UTF8.GetBytes("{" + Id + ",\"recipient\":\"bob\",\"text\":\"" + new string('a', 16_384) + "\"}");
        using HttpResponseMessage response = await PostAsync(body, "application/json", content =>
        {
            if (chunked) content.Headers.ContentLength = null;
        });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        SeenRefusal refusal = await SeenRefusal.FromJsonAsync(response);
        Assert.Equal(("BODY_TOO_LARGE", (int)StatusCode.InvalidArgument), (refusal.Reason, refusal.Code));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    /// <summary>By hand, since no client sends them: the client's fault, not one of the core.</summary>
    [Theory]
    [InlineData("zz\r\n")]
    [InlineData("5\r\nabcdefgh\r\n")]
    [InlineData("cafe000000000000\r\n")]   // more than a number holds
    [Spec("E.malformed")]
    public async Task Post_BrokenChunks_400AndNoFault(string chunks)
    {
        using CountedEvents counted = new(fixture.Core);
        using TcpClient tcp = new();
        await tcp.ConnectAsync(fixture.Core.Api.Host, fixture.Core.Api.Port, TestContext.Current.CancellationToken);
#pragma warning disable CA5359 // what is answered is the test, not by whom
        await using SslStream tls = new(tcp.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, TestContext.Current.CancellationToken);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {Alice}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"), TestContext.Current.CancellationToken);
        using StreamReader reader = new(tls);
        Assert.StartsWith("HTTP/1.1 400 ", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal((1, 1), (counted.Of("edge.messages.refused", "post MALFORMED"), counted.Of("edge.messages.refused")));
    }

    [Theory]
    [InlineData("/v1/limits?x=1", "UNKNOWN_KEY")]
    [InlineData("/v1/messages/11111111-2222-4333-8444-555555555555?messageId=11111111-2222-4333-8444-555555555555", "UNKNOWN_KEY")]
    [Spec("E.malformed")]
    public async Task Get_UnknownQueryParameter_Refused(string path, string reason)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, Alice);
        using HttpResponseMessage response = await client.GetAsync(path);
        Assert.Equal((HttpStatusCode.BadRequest, reason), (response.StatusCode, (await SeenRefusal.FromJsonAsync(response)).Reason));
    }

    [Fact]
    [Spec("S2", "E.text")]
    public async Task Call_IllFormedUtf8InText_InvalidArgumentAndNothingStored()
    {
        int before = await fixture.StoredAsync();
        byte[] request = [0x0A, 36, .. Encoding.ASCII.GetBytes(Guid.NewGuid().ToString()), 0x12, 3, .. "bob"u8, 0x1A, 2, 0xC3, 0x28];
        SeenRefusal refusal = await RefusedCallAsync(request);
        Assert.Equal(("MALFORMED", (int)StatusCode.InvalidArgument, ""), (refusal.Reason, refusal.Code, refusal.Metadata));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    [Fact]
    [Spec("E.malformed")]
    public async Task Call_NotAMessage_InvalidArgument() =>
        Assert.Equal("MALFORMED", (await RefusedCallAsync([0x0A, 0xFF, 0xFF])).Reason);

    [Fact]
    [Spec("E.body-size")]
    public async Task Call_MessageOverTheLimit_InvalidArgumentAndNothingStored()
    {
        int before = await fixture.StoredAsync();
        SendMessageRequest request = new() { MessageId = Guid.NewGuid().ToString(), Recipient = "bob", Text = new string('a', 16_384) };
        SeenRefusal refusal = await RefusedCallAsync(Google.Protobuf.MessageExtensions.ToByteArray(request));
        Assert.Equal(("BODY_TOO_LARGE", (int)StatusCode.InvalidArgument), (refusal.Reason, refusal.Code));
        Assert.Equal(before, await fixture.StoredAsync());
    }

    private static AuthenticationHeaderValue Alice => TestCore.Basic("alice", RedisCore.PasswordOf("alice"));

    private async Task<HttpResponseMessage> PostAsync(byte[] body, string? contentType, Action<HttpContent>? change = null)
    {
        HttpClient client = fixture.Core.Client(fixture.Core.Api, Alice);
        ByteArrayContent content = new(body);
        if (contentType is not null) content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        change?.Invoke(content);
        return await client.PostAsync("/v1/messages", content);
    }

    private async Task<SeenRefusal> RefusedCallAsync(byte[] request)
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, Alice);
        return SeenRefusal.FromGrpc(await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync(GrpcCalls.Messages, "SendMessage", request, SendMessageResponse.Parser)));
    }
}
