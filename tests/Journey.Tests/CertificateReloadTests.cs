using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Certificates renewed under load: three times with 60 clients in the suite, 20 times with 1,050 by <c>tests/certificate-reloads</c>.</summary>
public sealed class CertificateReloadTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static int Reloads { get; } = int.TryParse(Environment.GetEnvironmentVariable("EDGE_RELOADS"), out int reloads) ? reloads : 0;

    [Theory]
    [InlineData("Native")]
    [InlineData("Portable")]
    [Spec("S7")]
    public async Task Certificate_RenewedAgainAndAgain_NobodyIsDropped(string transport)
    {
        (int reloads, int idle, int busy) = Reloads > 0 ? (Reloads, 1_000, 50) : (3, 50, 10);
        await using JourneySystem system = new() { EdgeSettings = [$"--Sip:Transport={transport}"] };
        await system.InitializeAsync();
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("r", idle + busy);
        List<SipClient> clients = [];
        foreach (Account[] some in accounts.Chunk(25)) clients.AddRange(await Task.WhenAll(some.Select(system.RegisteredAsync)));

        using CancellationTokenSource enough = new();
        Task<long>[] busyOnes = [.. clients.Skip(idle).Select(client => AskAsync(client, enough.Token))];
        (int Port, string Name, TimeSpan Slowest)[] listeners = [(system.SipPort, "SIP", default), (system.ApiPort, "API", default), (system.AdminPort, "admin", default)];
        HashSet<string> serials = [];
        for (int i = 0; i < reloads; i++)
        {
            string serial = system.RenewCertificate();
            long renewed = Stopwatch.GetTimestamp();
            Assert.True(serials.Add(serial));
            for (int n = 0; n < listeners.Length; n++)
            {
                await Wait.UntilAsync(async () => await SerialAsync(listeners[n].Port) == serial, Soon, $"{listeners[n].Name} shows the new certificate");
                TimeSpan took = Stopwatch.GetElapsedTime(renewed);
                if (took > listeners[n].Slowest) listeners[n].Slowest = took;
            }

            // Deliveries go on over connections of every certificate so far.
            SipClient recipient = clients[i];
            Guid id = Guid.NewGuid();
            await system.Api(accounts[^1]).SendAsync(id, accounts[i].User, "still there?");
            await recipient.ReceiveAsync(1);
            await system.Api(accounts[^1]).UntilStateAsync(id, "DELIVERED", Soon);
        }

        await EveryEndIsShownAsync(system);
        await enough.CancelAsync();
        long asked = (await Task.WhenAll(busyOnes)).Sum();
        Assert.DoesNotContain(clients, static client => client.Closed.IsCompleted);
        foreach (SipClient client in clients) Assert.Equal(200, (await client.RequestAsync(client.PlainText("OPTIONS"))).Status);
        Assert.Equal(reloads, await system.MetricAsync(system.EdgeMetricsPort, "edge_certificate_reads_total"));
        Assert.Equal(reloads, await system.MetricAsync(system.CoreMetricsPort, "edge_certificate_reads_total"));
        TestContext.Current.SendDiagnosticMessage(
            "{5} transport: {0} reloads, {1} idle and {2} busy connections, {3} requests answered, 0 dropped; slowest until the new serial was shown: {4}",
            reloads, idle, busy, asked, string.Join(", ", listeners.Select(static listener => $"{listener.Name} {listener.Slowest.TotalMilliseconds:F0} ms")), transport);
        foreach (SipClient client in clients) await client.DisposeAsync();
    }

    /// <summary>When each certificate in use ends, as metrics: of the one shown now, not of the one from before.</summary>
    private static async Task EveryEndIsShownAsync(JourneySystem system)
    {
        string core = await system.MetricsAsync(system.CoreMetricsPort), edge = await system.MetricsAsync(system.EdgeMetricsPort);
        foreach ((string page, string series, string file) in ((string, string, string)[])[
            (edge, "edge_certificate_not_after_seconds{", system.In("tls", "cert.pem")), (edge, "edge_link_certificate_not_after_seconds{", system.In("link", "edge-1-cert.pem")),
            (core, "edge_listener=\"api\"} ", system.In("tls", "cert.pem")), (core, "edge_listener=\"link\"} ", system.In("link", "core-cert.pem"))])
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(file);
            string line = Assert.Single(page.Split('\n'), line => line.Contains("certificate_not_after_seconds", StringComparison.Ordinal) && line.Contains(series, StringComparison.Ordinal));
            Assert.Equal(new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds(), double.Parse(line.Split("} ")[^1].Split(' ')[0], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Asks again and again until it is enough.</summary>
    /// <returns>How many answers came.</returns>
    private static async Task<long> AskAsync(SipClient client, CancellationToken enough)
    {
        long answers = 0;
        while (!enough.IsCancellationRequested)
        {
            Assert.Equal(200, (await client.RequestAsync(client.PlainText("OPTIONS"))).Status);
            answers++;
        }

        return answers;
    }

    [SuppressMessage("Security", "CA5359", Justification = "which certificate is shown is the test")]
    private static async Task<string> SerialAsync(int port)
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync("127.0.0.1", port);
        await using SslStream tls = new(tcp.GetStream(), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(JourneySystem.Domain);
        return ((X509Certificate2)tls.RemoteCertificate!).SerialNumber;
    }
}
