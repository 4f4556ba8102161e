using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dev.Host;
using Dev.Host.Certificates;
using StackExchange.Redis;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests.Harness;

/// <summary>redis-server, the core and the published edge as processes on loopback, with TLS everywhere as in operation.</summary>
/// <remarks>Redis runs with AOF and fsync at every write: what was answered with 200 is on disk.</remarks>
public class JourneySystem : IAsyncLifetime
{
    /// <summary>The domain served.</summary>
    public const string Domain = "example.test";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly string _coreAssembly;
    private readonly string[] _coreSettings;
    private readonly int _redisPort = FreePort.Next();
    private readonly List<ChildProcess> _ended = [];
    private HttpClient _http = null!;
    private HttpClient _plain = null!;
    private ChildProcess _redis = null!;

    public JourneySystem()
        : this(Journeys.CoreAssembly)
    {
    }

    /// <param name="coreAssembly">The core to run.</param>
    /// <param name="coreSettings">More settings of the core.</param>
    internal JourneySystem(string coreAssembly, params string[] coreSettings) => (_coreAssembly, _coreSettings) = (coreAssembly, coreSettings);

    /// <summary>Its folder: removed at the end.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("journey-").FullName;

    /// <summary>Port of the public API.</summary>
    internal int ApiPort { get; } = FreePort.Next();

    /// <summary>Port of the operators' API.</summary>
    internal int AdminPort { get; } = FreePort.Next();

    /// <summary>Port of the edge link.</summary>
    internal int LinkPort { get; } = FreePort.Next();

    /// <summary>What operators show.</summary>
    internal string AdminToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>More settings of the edge.</summary>
    internal IReadOnlyList<string> EdgeSettings { get; init; } = [];

    /// <summary>What the edge is started by: <c>prlimit</c> with its options, say.</summary>
    internal IReadOnlyList<string> EdgeLauncher { get; init; } = [];

    /// <summary>Memory of the edge, bytes.</summary>
    internal long EdgeMemory
    {
        get
        {
            using System.Diagnostics.Process edge = System.Diagnostics.Process.GetProcessById(Edge.Id);
            return edge.WorkingSet64;
        }
    }

    /// <summary>Port of the edge.</summary>
    internal int SipPort { get; } = FreePort.Next();

    /// <summary>Port of the core's metrics and health.</summary>
    internal int CoreMetricsPort { get; } = FreePort.Next();

    /// <summary>Port of the edge's metrics and health.</summary>
    internal int EdgeMetricsPort { get; } = FreePort.Next();

    /// <summary>The core.</summary>
    internal ChildProcess Core { get; private set; } = null!;

    /// <summary>The edge.</summary>
    internal ChildProcess Edge { get; private set; } = null!;

    /// <summary>The authority that clients trust.</summary>
    internal X509Certificate2 Authority { get; private set; } = null!;

    /// <summary>Its file.</summary>
    internal string AuthorityFile => In("tls", "ca.pem");

    /// <summary>A connection to Redis, to look at what lies there.</summary>
    internal ConnectionMultiplexer Redis { get; private set; } = null!;

    /// <summary>Whether core and edge run, as they must whatever a test sent them.</summary>
    internal bool IsUp => Core.IsRunning && Edge.IsRunning;

    public async ValueTask InitializeAsync()
    {
        Journeys.Required(_coreAssembly, "tests/publish core");
        Journeys.Required(Journeys.EdgeBinary, "tests/publish edge");
        RenewCertificate();
        using (DevAuthority link = DevAuthority.Open(In("link"), "journey link authority"))
        {
            link.EnsureCertificate("core-cert.pem", "core-key.pem", "core", "core", ["localhost"]);
            link.EnsureCertificate("edge-1-cert.pem", "edge-1-key.pem", "edge-1", "edge", ["localhost"]);
        }

        PrivateFile.WriteSecret(In("admin-token"), AdminToken + "\n");
        Authority = X509CertificateLoader.LoadCertificateFromFile(AuthorityFile);
        _http = NewHttpClient();
        _plain = new HttpClient();

        Directory.CreateDirectory(In("redis"));
        _redis = await ChildProcess.StartAsync(
            "redis",
            ["redis-server", "--bind", "127.0.0.1", "--port", $"{_redisPort}", "--dir", In("redis"), "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"],
            Folder);
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    Redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_redisPort},allowAdmin=true,connectTimeout=500");
                    return true;
                }
                catch (RedisConnectionException)
                {
                    return false;
                }
            },
            StartDeadline,
            "redis-server answers");
        await StartCoreAsync();
        await StartEdgeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in (ChildProcess?[])[Edge, Core, _redis, .. _ended])
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        if (Redis is not null)
        {
            await Redis.DisposeAsync();
        }

        _http?.Dispose();
        _plain?.Dispose();
        Authority?.Dispose();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A path inside the folder.</summary>
    internal string In(params ReadOnlySpan<string> parts) => Path.Combine([Folder, .. parts]);

    /// <summary>A new account with a name nobody else has.</summary>
    internal async Task<Account> NewAccountAsync(string name)
    {
        Account account = new($"{name}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        await AdminAsync(HttpMethod.Post, "v1/accounts", JsonContent.Create(new { user = account.User, password = account.Password }));
        return account;
    }

    /// <summary>Makes the certificate that clients see, or another one in its place.</summary>
    /// <returns>Its serial number.</returns>
    internal string RenewCertificate()
    {
        using (DevAuthority clients = DevAuthority.Open(In("tls"), "journey authority"))
        {
            File.Delete(In("tls", "cert.pem"));
            clients.EnsureCertificate("cert.pem", "key.pem", Domain, unit: null, [Domain, "localhost"]);
        }

        using X509Certificate2 made = X509CertificateLoader.LoadCertificateFromFile(In("tls", "cert.pem"));
        return made.SerialNumber;
    }

    /// <summary>Many new accounts whose names begin so, all of one length.</summary>
    internal async Task<IReadOnlyList<Account>> NewAccountsAsync(string name, int count)
    {
        string run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        Account[] accounts = [.. Enumerable.Range(0, count).Select(i => new Account($"{name}-{run}-{i:d5}", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))))];
        string csv = "user,password\n" + string.Concat(accounts.Select(static account => $"{account.User},{account.Password}\n"));
        await AdminAsync(HttpMethod.Post, "v1/accounts:import", JsonContent.Create(new { csv }));
        return accounts;
    }

    /// <summary>Gives an account another password.</summary>
    internal async Task<Account> NewPasswordAsync(Account account)
    {
        Account renewed = account with { Password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)) };
        await AdminAsync(HttpMethod.Patch, $"v1/accounts/{account.User}", JsonContent.Create(new { password = renewed.Password }));
        return renewed;
    }

    /// <summary>Deletes an account.</summary>
    internal Task DeleteAccountAsync(Account account) => AdminAsync(HttpMethod.Delete, $"v1/accounts/{account.User}");

    /// <summary>Opens the public API for an account.</summary>
    internal MessagesApi Api(Account account) => new(_http, ApiPort, account);

    /// <summary>Connects and registers a client.</summary>
    internal Task<SipClient> RegisteredAsync(Account account) => SipClient.RegisteredAsync(SipPort, Authority, account.User, account.Password, Domain);

    /// <summary>Connects a client that has not registered.</summary>
    /// <param name="account">Who it is.</param>
    /// <param name="from">The address it comes from; null for any.</param>
    internal Task<SipClient> ConnectedAsync(Account account, IPAddress? from = null) => SipClient.ConnectAsync(SipPort, Authority, account.User, account.Password, Domain, from);

    /// <summary>Starts the core and waits until it is ready.</summary>
    internal async Task StartCoreAsync()
    {
        Core = await ChildProcess.StartAsync(
            "core",
            [
                "dotnet", _coreAssembly, "--Api:Address=127.0.0.1", $"--Api:Port={ApiPort}",
                $"--Api:CertificateFile={In("tls", "cert.pem")}", $"--Api:KeyFile={In("tls", "key.pem")}",
                $"--Admin:Port={AdminPort}", $"--Admin:TokenFile={In("admin-token")}",
                $"--Link:Port={LinkPort}", $"--Link:CertificateFile={In("link", "core-cert.pem")}", $"--Link:KeyFile={In("link", "core-key.pem")}", $"--Link:ClientCaFile={In("link", "ca.pem")}",
                $"--Metrics:Port={CoreMetricsPort}",
                $"--CoreStore:Redis=127.0.0.1:{_redisPort}", $"--CoreStore:KeyRingFile={In("keyring.json")}", "--CoreStore:CreateKeyRing=true",
                $"--CoreStore:Domain={Domain}", "--CoreStore:CoreId=core-1",
                .. _coreSettings,
            ],
            Folder);
        await ReadyAsync(Core, CoreMetricsPort);
    }

    /// <summary>Kills the core with SIGKILL; it stays down.</summary>
    internal async Task KillCoreAsync()
    {
        await Core.KillAsync();
        _ended.Add(Core);
    }

    /// <summary>Kills the edge with SIGKILL and starts it again.</summary>
    internal async Task RestartEdgeAsync()
    {
        await Edge.KillAsync();
        _ended.Add(Edge);
        await StartEdgeAsync();
    }

    /// <summary>Waits until the edge has a link to the core again.</summary>
    internal Task EdgeReadyAsync() => ReadyAsync(Edge, EdgeMetricsPort);

    /// <summary>A metrics page.</summary>
    internal Task<string> MetricsAsync(int port) => _plain.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));

    /// <summary>The sum of a metric's series; 0 without one.</summary>
    internal async Task<double> MetricAsync(int port, string name, string label = "") => (await MetricsAsync(port)).Split('\n')
        .Where(line => (line.StartsWith(name + '{', StringComparison.Ordinal) || line.StartsWith(name + ' ', StringComparison.Ordinal)) && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line.Split("} ")[^1].Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>The lines of every core and edge so far.</summary>
    internal string Logs() => string.Join('\n', _ended.Append(Core).Append(Edge).Select(process => process.Output));

    /// <summary>Every byte that Redis wrote to disk.</summary>
    internal IEnumerable<byte[]> RedisFiles() =>
        Directory.EnumerateFiles(In("redis"), "*", SearchOption.AllDirectories).Select(File.ReadAllBytes);

    /// <summary>An HTTP client that trusts this system's authority alone.</summary>
    internal HttpClient NewHttpClient()
    {
        SocketsHttpHandler handler = new();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(Authority);
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(15) };
    }

    private async Task StartEdgeAsync()
    {
        Edge = await ChildProcess.StartAsync(
            "edge",
            [
                .. EdgeLauncher, Journeys.EdgeBinary, "--Edge:Id=edge-1", "--Sip:Address=127.0.0.1", $"--Sip:Port={SipPort}", "--Sip:ExemptLoopback=true",
                $"--Sip:CertificateFile={In("tls", "cert.pem")}", $"--Sip:KeyFile={In("tls", "key.pem")}",
                $"--Core:Endpoints:0=https://127.0.0.1:{LinkPort}",
                $"--Core:CertificateFile={In("link", "edge-1-cert.pem")}", $"--Core:KeyFile={In("link", "edge-1-key.pem")}", $"--Core:CaFile={In("link", "ca.pem")}",
                $"--Metrics:Port={EdgeMetricsPort}",
                .. EdgeSettings,
            ],
            Folder);
        await ReadyAsync(Edge, EdgeMetricsPort);
    }

    private async Task AdminAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using HttpRequestMessage request = new(method, $"https://localhost:{AdminPort}/{path}") { Content = content };
        request.Headers.Authorization = new("Bearer", AdminToken);
        using HttpResponseMessage answer = await _http.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task ReadyAsync(ChildProcess process, int metricsPort) => await Wait.UntilAsync(
        async () =>
        {
            Assert.True(process.IsRunning, $"{process.Name} ended:\n{process.Output}");
            try
            {
                using HttpResponseMessage answer = await _plain.GetAsync(new Uri($"http://127.0.0.1:{metricsPort}/readyz"));
                return answer.StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        StartDeadline,
        $"{process.Name} is ready");
}

/// <summary>A name and its password.</summary>
internal sealed record Account(string User, string Password);
