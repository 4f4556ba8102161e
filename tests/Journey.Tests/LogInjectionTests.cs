using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Dev.Host.Certificates;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Whatever peers say, a line of the log stays one line of JSON, and nothing in it acts on a terminal or a browser.</summary>
public sealed class LogInjectionTests
{
    private const string Hostile = "<script>alert(1)</script>\u001b[31mred\u2028next\u0085";

    [Fact]
    [Spec("S9")]
    public async Task Input_WithLineEndsEscapesAndHtml_StaysOneEscapedLine()
    {
        await using JourneySystem system = new(Journeys.CoreAssembly, LeakTests.LowestLevels) { EdgeSettings = LeakTests.LowestLevels };
        await system.InitializeAsync();
        Account alice = await system.NewAccountAsync("alice");
        await BySipAsync(system, alice);
        await ByHttpAsync(system);
        await ByTheLinkAsync(system);

        string[] lines = system.Logs().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, static line => line.Contains(@"\u003Cscript\u003Ealert(1)\u003C/script\u003E\u001B[31mred\u2028next\u0085", StringComparison.Ordinal));   // what is logged of it
        foreach (string line in lines)
        {
            Assert.DoesNotContain(line, static c => char.IsControl(c) || c is '<' or '>' or '\u2028' or '\u2029');
            using JsonDocument json = JsonDocument.Parse(line);
            Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
            Assert.True(json.RootElement.TryGetProperty("EventId", out _), line);
        }
    }

    private static async Task BySipAsync(JourneySystem system, Account alice)
    {
        await using SipClient phone = await system.RegisteredAsync(alice);
        string header = Hostile.Replace("\u0085", string.Empty, StringComparison.Ordinal);
        Assert.Equal(200, (await phone.RequestAsync(phone.PlainText("OPTIONS", extra: $"User-Agent: {header}\r\nSubject: {header}\r\n"))).Status);
        foreach ((string name, string with) in ((string, string)[])[
            ("From: ", $"From: \"{header}\" "), ("Call-ID: ", $"Call-ID: {header}"), ("CSeq: ", $"CSeq: {header}\r\nX-Was: "), ("Content-Type: ", $"Content-Type: text/{header};a="),
            ("MESSAGE sip:", "MESSAGE sip:%0d%0a%1b[31m%3cscript%3e"), ("To: <sip:", "To: <sip:%0d%0a%3cscript%3e")])
            Assert.True((await phone.RequestAsync(phone.MessageText(alice.User, Hostile).Replace(name, with, StringComparison.Ordinal))).Status >= 200);
        await using SipClient stranger = await system.ConnectedAsync(alice with { User = "%0d%0a%1b%5b31m%3cscript%3e" });
        Assert.True((await stranger.RegisterAsync()).Status >= 400);
    }

    private static async Task ByHttpAsync(JourneySystem system)
    {
        string bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(Hostile));
        foreach ((int port, bool tls) in ((int, bool)[])[(system.ApiPort, true), (system.AdminPort, true), (system.CoreMetricsPort, false), (system.EdgeMetricsPort, false)])
        {
            foreach (string request in (string[])[
                $"GET /v1/%0d%0a%1b%5b31m%3cscript%3e%e2%80%a8?{bytes} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                $"GET /v1/limits HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: {bytes}\r\nAuthorization: Basic {bytes}\r\n\r\n",
                $"{bytes} / HTTP/1.1\r\nHost: {bytes}\r\nConnection: close\r\n\r\n",
            ])
                Assert.NotNull(await RawConnection.AskAsync(port, tls ? system.Authority : null, request));
        }
    }

    /// <summary>An edge's version is the one text of a peer's that is logged: that of an edge which has been taken over, too.</summary>
    private static async Task ByTheLinkAsync(JourneySystem system)
    {
        using DevAuthority authority = DevAuthority.Open(system.In("link"), "journey link authority");
        authority.EnsureCertificate("edge-9-cert.pem", "edge-9-key.pem", "edge-9", "edge", ["localhost"]);
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(system.In("link", "edge-9-cert.pem"), system.In("link", "edge-9-key.pem"));
        using X509Certificate2 trusted = X509CertificateLoader.LoadCertificateFromFile(system.In("link", "ca.pem"));
        SocketsHttpHandler handler = new();
        handler.SslOptions.ClientCertificates = [certificate];
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(trusted);
        using HttpClient edge = new(handler);
        const int Protocol = 3;   // the field's number
        byte[] hello =
        [
            .. GrpcCall.Field(1, "edge-9"u8.ToArray()), .. GrpcCall.Field(2, new byte[16]), Protocol << 3, 1, .. GrpcCall.Field(4, Encoding.UTF8.GetBytes($"1.0\r\n{Hostile}")),
        ];
        await GrpcCall.AskAsync(edge, system.LinkPort, "edge.link.v1.LinkService/Connect", GrpcCall.Field(1, GrpcCall.Field(1, hello)));
    }
}
