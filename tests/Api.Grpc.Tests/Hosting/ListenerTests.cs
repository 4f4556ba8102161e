using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Api.Grpc.Tests.Support;
using Edge.Admin.V1;
using Edge.Messages.V1;
using Grpc.Core;
using Testing.Shared;

namespace Api.Grpc.Tests.Hosting;

/// <summary>Each door answers for itself alone, whatever a client writes into Host.</summary>
public sealed class ListenerTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    public static TheoryData<string, string> WrongDoors => new()
    {
        { "api", "/v1/accounts" },
        { "api", "/v1/accounts/alice" },
        { "api", "/metrics" },
        { "api", "/livez" },
        { "api", "/readyz" },
        { "admin", "/v1/limits" },
        { "admin", "/v1/messages/11111111-2222-4333-8444-555555555555" },
        { "admin", "/metrics" },
        { "metrics", "/v1/limits" },
        { "metrics", "/v1/accounts" },
        { "api", "/" },
        { "api", "/v1/nothing" },
        { "metrics", "/favicon.ico" },
    };

    [Theory, MemberData(nameof(WrongDoors))]
    public async Task Get_AtAnotherDoor_404AsJsonWhateverHostSays(string door, string path)
    {
        Uri address = door == "api" ? fixture.Core.Api : door == "admin" ? fixture.Core.Admin : fixture.Core.Metrics;
        foreach (Uri said in new[] { fixture.Core.Api, fixture.Core.Admin, fixture.Core.Link, fixture.Core.Metrics })
        {
            using HttpClient client = fixture.Core.Client(address);
            foreach (AuthenticationHeaderValue authorization in new[] { TestCore.Bearer(), Alice })
            {
                using HttpRequestMessage request = new(HttpMethod.Get, path);
                request.Headers.Host = said.Authority;
                request.Headers.Authorization = authorization;
                using HttpResponseMessage response = await client.SendAsync(request);
                Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
                Assert.Equal("UNKNOWN_ROUTE", (await SeenRefusal.FromJsonAsync(response)).Reason);
            }
        }
    }

    [Fact]
    public async Task Call_AdminServiceAtTheApiDoor_Unimplemented()
    {
        foreach (AuthenticationHeaderValue authorization in new[] { TestCore.Bearer(), Alice })
        {
            using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, authorization);
            RpcException refused = await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<ListAccountsRequest, ListAccountsResponse>(GrpcCalls.Accounts, "ListAccounts", new()));
            Assert.Equal((StatusCode.Unimplemented, "UNKNOWN_ROUTE"), (refused.StatusCode, SeenRefusal.FromGrpc(refused).Reason));
        }
    }

    [Fact]
    public async Task Call_PublicServiceAtTheAdminDoor_Unimplemented()
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Admin, TestCore.Bearer());
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<GetLimitsRequest, GetLimitsResponse>(GrpcCalls.Messages, "GetLimits", new()));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }

    [Theory]
    [InlineData("/v1/limits")]
    [InlineData("/v1/nothing")]
    public async Task Get_AnyAnswer_BrowsersAreToldToRunNothing(string path)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, Alice);
        using HttpResponseMessage response = await client.GetAsync(path);
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["default-src 'none'; frame-ancestors 'none'"], response.Headers.GetValues("Content-Security-Policy"));
    }

    [Fact]
    public async Task Call_UnknownMethod_Unimplemented()
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, Alice);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<GetLimitsRequest, GetLimitsResponse>(GrpcCalls.Messages, "NoSuchMethod", new()));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }

    [Fact]
    public async Task Call_LinkServiceAtTheApiDoor_Unimplemented()
    {
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, Alice);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<GetLimitsRequest, GetLimitsResponse>("edge.link.v1.LinkService", "Connect", new()));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }

    [Fact]
    public async Task Post_AtTheApiDoorToTheAdminApi_404AndNoAccount()
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Api, TestCore.Bearer());
        using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/accounts", new { user = "intruder", password = "intruder" });
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        using HttpClient admin = fixture.Core.Client(fixture.Core.Admin, TestCore.Bearer());
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync("/v1/accounts/intruder")).StatusCode);
    }

    [Theory]
    [InlineData("api")]
    [InlineData("admin")]
    [InlineData("link")]
    [Spec("S7")]
    public async Task Connect_InClearText_NotServed(string door)
    {
        Uri address = door == "api" ? fixture.Core.Api : door == "admin" ? fixture.Core.Admin : fixture.Core.Link;
        using HttpClient client = new() { BaseAddress = new UriBuilder(address) { Scheme = "http" }.Uri, Timeout = TimeSpan.FromSeconds(20) };
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/v1/limits"));   // spec S7
    }

    [Theory]
#pragma warning disable CA5398 // the versions are the test
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
#pragma warning restore CA5398
    [Spec("S7")]
    public async Task Connect_ByTls12And13_Served(SslProtocols version)
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync(fixture.Core.Api.Host, fixture.Core.Api.Port, TestContext.Current.CancellationToken);
#pragma warning disable CA5359 // which version is spoken is the test, not whose certificate it is
        await using SslStream tls = new(tcp.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version }, TestContext.Current.CancellationToken);
        Assert.Equal(version, tls.SslProtocol);
    }

    /// <summary>By hand, since the client's own TLS library refuses old versions before the server can.</summary>
    [Theory]
    [InlineData(0x01, false)]   // TLS 1.0
    [InlineData(0x02, false)]   // TLS 1.1
    [InlineData(0x03, true)]    // TLS 1.2: the same hello is answered
    [Spec("S7")]
    public async Task Hello_ByTlsVersion_OnlyFrom12Answered(byte minor, bool answered)
    {
        byte[] hello =
        [
            0x16, 0x03, 0x01, 0, 73,                                         // record: handshake
            0x01, 0, 0, 69, 0x03, minor,                                     // ClientHello
            .. RandomNumberGenerator.GetBytes(32), 0,                        // random, no session
            0, 8, 0xC0, 0x2B, 0xC0, 0x2F, 0xC0, 0x09, 0xC0, 0x13,            // ECDHE with GCM, and with CBC as old versions know it
            1, 0,                                                            // no compression
            0, 20, 0, 0x0D, 0, 8, 0, 6, 0x04, 0x03, 0x08, 0x04, 0x04, 0x01,  // signature_algorithms
            0, 0x0A, 0, 4, 0, 2, 0, 0x17,                                    // supported_groups: P-256
        ];
        using TcpClient tcp = new();
        await tcp.ConnectAsync(fixture.Core.Api.Host, fixture.Core.Api.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = tcp.GetStream();
        await stream.WriteAsync(hello, TestContext.Current.CancellationToken);
        byte[] record = new byte[6];
        int read = await stream.ReadAtLeastAsync(record, record.Length, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
        bool serverHello = read == record.Length && record[0] == 0x16 && record[5] == 0x02;
        Assert.Equal(answered, serverHello);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer wrong-token-0123456789")]
    [InlineData("Basic YWxpY2U6eA==")]
    public async Task Admin_WithoutTheToken_401WithBearerChallenge(string? authorization)
    {
        using HttpClient client = fixture.Core.Client(fixture.Core.Admin);
        if (authorization is not null) client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        using HttpResponseMessage response = await client.GetAsync("/v1/accounts");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer realm=\"edge-admin\"", response.Headers.WwwAuthenticate.ToString());
        Assert.Equal("BAD_CREDENTIALS", (await SeenRefusal.FromJsonAsync(response)).Reason);
    }

    private static AuthenticationHeaderValue Alice => TestCore.Basic("alice", RedisCore.PasswordOf("alice"));
}
