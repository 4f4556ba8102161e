using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dev.Host.Certificates;
using Journey.Tests.Harness;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Whatever clients and edges write into names, headers, paths and metadata, a log line stays one line of JSON that a terminal and a browser show as it is.</summary>
public sealed partial class LogInjectionTests
{
    private const string Forged = "{\"EventId\":400,\"LogLevel\":\"Critical\",\"Message\":\"forged\"}";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    /// <summary>What breaks lines, colours terminals, runs in browsers, and hides.</summary>
    private static readonly string[] Hostile =
    [
        $"\r\n{Forged}\r\n",
        $"\n{Forged}\n\r{Forged}\r",
        "\u001b[31mred\u001b[0m\u001b]0;title\u0007\u007f\u009b31m\0",
        "<script>alert(1)</script>\u2028\u2029\u0085\u000b\u000c\u202egnirts",
        "\"}{\"\\u000a\\",
    ];

    private readonly string _mark = $"mark{RandomNumberGenerator.GetHexString(12, lowercase: true)}";

    /// <summary>The core that does not seal logs other libraries' lines too, which quote paths and headers: the harder case.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Log_HostileInputByEveryWayIn_EachLineIsOneObjectWithoutRawControls(bool everything)
    {
        string core = everything ? Journeys.Required(Journeys.UnsealedCoreAssembly, "tests/publish core-unsealed") : Journeys.CoreAssembly;
        await using JourneySystem system = new(core, LeakTests.LowestLevels) { EdgeSettings = LeakTests.LowestLevels };
        await system.InitializeAsync();
        Account alice = await system.NewAccountAsync("alice");
        foreach (string hostile in Hostile)
        {
            string said = _mark + hostile + _mark;
            await Task.WhenAll(ByHttpAsync(system, alice, said), ByGrpcAsync(system, alice, said), BySipAsync(system, alice, said), ByLinkAsync(system, said));
        }

        await ByLinkAsync(system, _mark + new string('x', 100_000));

        Assert.True(system.IsUp);
        await Wait.UntilAsync(() => Quoting(system, "\"EventId\":500,") > Hostile.Length, Soon, "the core logs each edge's version");
        Assert.All(system.Logs().Split('\n').Where(line => line.Contains("\"EventId\":500,", StringComparison.Ordinal)), line => Assert.True(line.Length < 1_500, "no edge fills the log"));
        foreach (string line in system.Logs().Split('\n'))
        {
            Assert.DoesNotMatch(Unescaped(), line);
            using JsonDocument entry = JsonDocument.Parse(line);
            Assert.NotEqual("forged", entry.RootElement.GetProperty("Message").GetString());
            Assert.NotEmpty(entry.RootElement.GetProperty("Category").GetString()!);
        }

        if (everything) Assert.True(Quoting(system, "Microsoft.AspNetCore.") > 4 * Hostile.Length, "other libraries' lines quote it");
    }

    private int Quoting(JourneySystem system, string part) =>
        system.Logs().Split('\n').Count(line => line.Contains(_mark, StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal));

    /// <summary>As bytes, and as a client would have to write them: in percent.</summary>
    private static async Task ByHttpAsync(JourneySystem system, Account alice, string said)
    {
        string raw = Latin(said);
        string percent = Uri.EscapeDataString(said);
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{alice.User}:{alice.Password}"));
        string body = JsonSerializer.Serialize(new { messageId = Guid.NewGuid(), recipient = said, text = said });
        string json = $"Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n";
        foreach ((int port, bool tls) in ((int, bool)[])[(system.ApiPort, true), (system.AdminPort, true), (system.CoreMetricsPort, false), (system.EdgeMetricsPort, false)])
        {
            foreach (string request in (string[])[
                $"GET /v1/accounts/{percent}?{percent}={percent} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {system.AdminToken}\r\n\r\n",
                $"GET /{raw} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                $"GET / HTTP/1.1\r\nHost: {raw}\r\nConnection: close\r\n\r\n",
                $"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: {raw}\r\nRequest-Id: {raw}\r\ntracestate: {raw}\r\n\r\n",
                $"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{raw}: {raw}\r\n\r\n",
                $"{raw} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                $"POST /v1/messages HTTP/1.1\r\n{json}Authorization: Basic {basic}\r\n\r\n{body}",
                $"POST /v1/messages HTTP/1.1\r\n{json}Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{said}:{said}"))}\r\n\r\n{body}",
                $"POST /v1/accounts HTTP/1.1\r\n{json}Authorization: Bearer {raw}\r\n\r\n{body}",
            ])
                await RawConnection.AskAsync(port, tls ? system.Authority : null, request);
        }
    }

    /// <summary>A client's library lets no line break through; everything else it does.</summary>
    private static async Task ByGrpcAsync(JourneySystem system, Account alice, string said)
    {
        using HttpClient http = system.NewHttpClient();
        string value = new([.. said.Where(c => c is not ('\r' or '\n' or '\0') && char.IsAscii(c))]);
        string basic = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{alice.User}:{alice.Password}"))}";
        await AskAsync("SendMessage", ("authorization", basic));
        await AskAsync(Uri.EscapeDataString(said), ("authorization", basic));
        foreach (string name in (string[])["user-agent", "grpc-timeout", "grpc-encoding", "x-note", "x-note-bin", "authorization", "baggage", "traceparent"]) await AskAsync("GetLimits", (name, value));

        async Task AskAsync(string method, (string, string) metadata)
        {
            try
            {
                await GrpcCall.AskAsync(http, system.ApiPort, $"edge.messages.v1.MessagesService/{method}", GrpcCall.Message($"{Guid.NewGuid()}", said, said), metadata);
            }
            catch (HttpRequestException)
            {
                // the server would not take such a header: what it logs of that counts
            }
        }
    }

    private static async Task BySipAsync(JourneySystem system, Account alice, string said)
    {
        foreach ((string header, string with) in ((string, string)[])[
            ("From: <", $"From: \"{said}\" <"),
            ("Call-ID: ", $"Call-ID: {said}"),
            ("Max-Forwards: ", $"User-Agent: {said}\r\nX-{said}: {said}\r\nMax-Forwards: "),
            ("CSeq: ", $"CSeq: {said}"),
            ("Via: SIP/2.0/TLS ", $"Via: SIP/2.0/TLS {said}"),
            ("MESSAGE sip:", $"MESSAGE sip:{said}"),
            ("MESSAGE sip:", $"{said} sip:"),
            ("From: <sip:", $"From: <sip:{said}"),
            (string.Empty, string.Empty),
        ])
        {
            await using SipClient phone = await system.RegisteredAsync(alice);
            string request = phone.MessageText(alice.User, said, callId: "a");
            int at = request.IndexOf(header, StringComparison.Ordinal);
            await phone.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(request.AsSpan(0, at), with, request.AsSpan(at + header.Length))));
            await phone.WriteAsync("\r\n\r\n\r\n\r\n"u8.ToArray());   // ends what is not whole yet
        }

        await using SipClient stranger = await system.ConnectedAsync(alice with { User = said.Replace("\r", string.Empty, StringComparison.Ordinal).Replace("\n", string.Empty, StringComparison.Ordinal) });
        await stranger.WriteAsync(Encoding.UTF8.GetBytes(stranger.RegisterText(3_600, null, null)));
        await stranger.WriteAsync(Encoding.UTF8.GetBytes(said));
    }

    /// <summary>An edge with a certificate, of a name of its own, says it all as its version.</summary>
    private static async Task ByLinkAsync(JourneySystem system, string said)
    {
        using DevAuthority authority = DevAuthority.Open(system.In("link"), "journey link authority");
        authority.EnsureCertificate("edge-2-cert.pem", "edge-2-key.pem", "edge-2", "edge", ["localhost"]);
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(system.In("link", "edge-2-cert.pem"), system.In("link", "edge-2-key.pem"));
        using X509Certificate2 trusted = X509CertificateLoader.LoadCertificateFromFile(system.In("link", "ca.pem"));
        using SocketsHttpHandler handler = new();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificates = [pem],
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { trusted } },
        };
        using HttpClient http = new(handler) { Timeout = Soon };
        byte[] protocol = [3 << 3, 1];   // protocol = 1, a number
        foreach ((string name, string version) in ((string, string)[])[("edge-2", said), (said, "1")])
        {
            byte[] hello = [.. GrpcCall.Field(1, Encoding.UTF8.GetBytes(name)), .. GrpcCall.Field(2, RandomNumberGenerator.GetBytes(16)), .. protocol, .. GrpcCall.Field(4, Encoding.UTF8.GetBytes(version))];
            await GrpcCall.AskAsync(http, system.LinkPort, "edge.link.v1.LinkService/Connect", GrpcCall.Field(1, GrpcCall.Field(1, hello)));
        }
    }

    [GeneratedRegex(@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>]")]
    private static partial Regex Unescaped();

    /// <summary>UTF-8 in a text of which each character goes out as one byte.</summary>
    private static string Latin(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}
