using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Testing.Shared;

namespace Api.Grpc.Tests.Hosting;

/// <summary>The certificates and suites of a core's listeners: changed while it serves, and never weaker than allowed.</summary>
[Spec("S7")]
public sealed class CertificateTests(RedisCore redis) : IClassFixture<RedisCore>, IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private readonly MeterListener _listener = new();
    private int _refused;
    private TestCore _core = null!;

    public async ValueTask InitializeAsync()
    {
        File.Copy(redis.Certificates.In("ring.json"), _certificates.In("ring.json"));
        _core = await TestCore.StartAsync(redis.Redis.Endpoint, _certificates, settings: "CoreStore:CoreId=core-certificates");
        IMeterFactory meters = _core.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "edge.certificate.reads") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (tags.ToArray().Any(static tag => tag.Value as string == "refused")) Interlocked.Increment(ref _refused);
        });
        _listener.Start();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _core.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Files_ReplacedWhileServing_EveryListenerShowsTheNewOneAndOpenConnectionsGoOn()
    {
        Uri[] listeners = [_core.Api, _core.Admin, _core.Link];
        using TcpClient open = new();
        await using SslStream before = await ConnectAsync(_core.Api, open);
        HashSet<string> serials = [await SerialAsync(_core.Api)];
        for (int i = 0; i < 3; i++)
        {
            _certificates.IssueServer();
            string serial = SerialInFile();
            Assert.True(serials.Add(serial));
            foreach (Uri listener in listeners) await Until.TrueAsync(async () => await SerialAsync(listener) == serial, "the new certificate is shown");
        }

        await before.WriteAsync("GET /v1/limits HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        byte[] answer = new byte[12];
        await before.ReadExactlyAsync(answer, TestContext.Current.CancellationToken);
        Assert.Equal("HTTP/1.1 401"u8.ToArray(), answer);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("no PEM")]
    [InlineData("another's key")]
    [InlineData("expired")]
    public async Task Files_ReplacedByWhatCannotBeUsed_OldOneStaysAndItIsCounted(string what)
    {
        string serial = await SerialAsync(_core.Api);
        if (what == "missing") File.Delete(_certificates.In("key.pem"));
        else if (what == "no PEM") await File.WriteAllTextAsync(_certificates.In("cert.pem"), "hello", TestContext.Current.CancellationToken);
        else if (what == "another's key") await File.WriteAllTextAsync(_certificates.In("key.pem"), OtherKey(), TestContext.Current.CancellationToken);
        else _certificates.IssueServer(expired: true);
        await Until.TrueAsync(() => Volatile.Read(ref _refused) == 2, "the API's listener and the link's have looked");
        Assert.Equal(serial, await SerialAsync(_core.Api));
        Assert.Equal(serial, await SerialAsync(_core.Link));
        _certificates.IssueServer();
        serial = SerialInFile();
        await Until.TrueAsync(async () => await SerialAsync(_core.Api) == serial, "the next one is shown");
        Assert.Equal(2, Volatile.Read(ref _refused));
    }

    /// <summary>How a stolen edge's certificate is shut out: another authority, under which the others have new ones.</summary>
    [Fact]
    public async Task LinkAuthority_Replaced_ItsEdgesComeInAndThoseOfBeforeDoNot()
    {
        using X509Certificate2 earlier = _certificates.Client("CN=edge-1, OU=edge");
        await using (TestLink link = await TestLink.ConnectAsync(_core, "edge-1")) Assert.False(link.Ended.IsCompleted);
        _certificates.ReplaceLinkAuthority();
        await Until.TrueAsync(async () => !await IsWelcomeAsync(earlier), "the earlier authority is not trusted any more");
        using X509Certificate2 later = _certificates.Client("CN=edge-1, OU=edge");
        Assert.True(await IsWelcomeAsync(later));
    }

    [Theory]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA)]
    public async Task Handshake_CbcOnly_Fails(TlsCipherSuite suite)
    {
        foreach (Uri listener in (Uri[])[_core.Api, _core.Admin, _core.Link]) await AssertNoHandshakeAsync(listener, suite);
    }

    [Fact]
    public async Task CipherSuites_Set_NothingElseIsNegotiated()
    {
        await using TestCore core = await TestCore.StartAsync(
            redis.Redis.Endpoint, _certificates, settings: ["CoreStore:CoreId=core-suites", "Api:CipherSuites=TLS_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]);
        Assert.Equal(TlsCipherSuite.TLS_AES_256_GCM_SHA384, await SuiteAsync(core.Api));
        Assert.Equal(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, await SuiteAsync(core.Api, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384));
        await AssertNoHandshakeAsync(core.Api, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    }

    [Theory]
    [InlineData("TLS_RSA_WITH_AES_128_GCM_SHA256")]
    [InlineData("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")]
    [InlineData("ECDHE-RSA-AES128-GCM-SHA256")]
    public async Task CipherSuites_NotAllowed_StartRefusedWithThoseThatAre(string suite)
    {
        OptionsValidationException fault = await Assert.ThrowsAsync<OptionsValidationException>(
            () => TestCore.StartAsync(redis.Redis.Endpoint, _certificates, settings: $"Api:CipherSuites={suite}"));
        Assert.Contains("Api:CipherSuites", fault.Message, StringComparison.Ordinal);
        Assert.Contains("TLS_AES_128_GCM_SHA256", fault.Message, StringComparison.Ordinal);
    }

    private async Task<bool> IsWelcomeAsync(X509Certificate2 certificate)
    {
        await using TestLink link = TestLink.Open(_core.LinkChannel(certificate), "edge-1");
        try
        {
            await link.TrySendAsync(link.Hello());
            return (await link.NextAsync(CoreEvent.EventOneofCase.Welcome)).Welcome is not null;
        }
        catch (Exception e) when (e is RpcException or HttpRequestException or InvalidOperationException)
        {
            return false;
        }
    }

    private string SerialInFile()
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(_certificates.In("cert.pem"));
        return certificate.SerialNumber;
    }

    private static string OtherKey()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static async Task<string> SerialAsync(Uri listener)
    {
        using TcpClient tcp = new();
        await using SslStream tls = await ConnectAsync(listener, tcp);
        return tls.RemoteCertificate!.GetSerialNumberString();
    }

    private static async Task<TlsCipherSuite> SuiteAsync(Uri listener, params TlsCipherSuite[] offered)
    {
        using TcpClient tcp = new();
        await using SslStream tls = await ConnectAsync(listener, tcp, offered);
        return tls.NegotiatedCipherSuite;
    }

    /// <summary>By the suite alone, not by anything else that differs from a handshake which works.</summary>
    private static async Task AssertNoHandshakeAsync(Uri listener, TlsCipherSuite suite)
    {
        using TcpClient tcp = new();
        await Assert.ThrowsAnyAsync<Exception>(async () => await ConnectAsync(listener, tcp, suite));
        Assert.Equal(SslProtocols.Tls12, await ProtocolAsync(listener, suite, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384));
    }

    private static async Task<SslProtocols> ProtocolAsync(Uri listener, params TlsCipherSuite[] offered)
    {
        using TcpClient tcp = new();
        await using SslStream tls = await ConnectAsync(listener, tcp, offered);
        return tls.SslProtocol;
    }

    [SuppressMessage("Interoperability", "CA1416", Justification = "the tests run on Linux and macOS")]
    [SuppressMessage("Security", "CA5359", Justification = "what is shown and negotiated is the test, not whether it is trusted")]
    [SuppressMessage("Security", "CA5398", Justification = "suites of TLS 1.2 are offered by it alone")]
    private static async Task<SslStream> ConnectAsync(Uri listener, TcpClient tcp, params TlsCipherSuite[] offered)
    {
        await tcp.ConnectAsync("127.0.0.1", listener.Port, TestContext.Current.CancellationToken);
        SslStream tls = new(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
                EnabledSslProtocols = offered.Length == 0 ? SslProtocols.None : SslProtocols.Tls12,
                CipherSuitesPolicy = offered.Length == 0 ? null : new CipherSuitesPolicy(offered),
            },
            TestContext.Current.CancellationToken);
        return tls;
    }
}
