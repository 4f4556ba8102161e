using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Core.Store.Accounts;
using Core.Store.Keys;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Tests.Support;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Redis;

/// <summary>A user of Redis with the documented rights: all of the store works with them, each of them is used, and without one the start says so.</summary>
public sealed class RedisRightsTests : IDisposable
{
    /// <summary>Not called here: on a cluster, by the driver when it makes a connection, and when another core is to be asked or has left something to tell.</summary>
    private static readonly string[] Elsewhere = ["cluster|nodes", "client|id", "publish", "srandmember"];

    /// <summary>Without these a start cannot ask what it may do, or needs a cluster.</summary>
    private static readonly string[] NotNeededToStart = ["acl|dryrun", "acl|whoami", "cluster|nodes", "cluster|slots"];

    private readonly RingFolder _ring = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-rights-").FullName;

    [Fact]
    public async Task Store_UserWithTheDocumentedRights_EverythingWorksAndNothingIsRefused()
    {
        await using RedisServer server = await StartAsync(RedisRights.Rules);
        await using ConnectionMultiplexer admin = await ConnectionMultiplexer.ConnectAsync($"{server.Endpoint},allowAdmin=true");
        IServer asked = admin.GetServers()[0];
        await asked.ExecuteAsync("CONFIG", "RESETSTAT");
        await asked.ExecuteAsync("ACL", "LOG", "RESET");
        await using TestCore core = await CoreAsync(server, "secret");

        AccountAddress alice = Address("alice"), bob = Address("bob"), carol = Address("carol");
        foreach (AccountAddress account in new[] { alice, bob, carol }) await core.Accounts.CreateAsync(account, "secret");
        await core.Accounts.UpdateAsync(carol, "other");
        Assert.Equal(3, (await core.Accounts.ListAsync(10, string.Empty)).Accounts.Count);
        Assert.NotNull(await core.Accounts.FindVerifiersAsync(bob));

        FlowId flow = new("edge-1", await core.Get<IEdgeEpochs>().EpochOfAsync("edge-1", new byte[16]), 7);
        await core.Get<IEdgeEpochs>().SeenAsync("edge-1");
        NewMessage first = new(alice, Guid.NewGuid(), bob, "one"u8.ToArray()) { Receipts = new ReceiptRequest("x", Delivered: true, Failed: true) };
        Assert.Equal(AcceptOutcome.Accepted, (await core.Store.AcceptAsync(first)).Outcome);
        Assert.Equal(AcceptOutcome.Repeated, (await core.Store.AcceptAsync(first)).Outcome);
        Assert.NotNull(await core.Store.FindAsync(alice, first.MessageId));
        Assert.Single((await core.Store.RegisterAsync(bob, new Binding(flow, "phone", DateTimeOffset.UtcNow.AddHours(1)), 0, true))!.Messages);
        await core.Store.FailAsync(new MessageKey(alice, first.MessageId, bob), flow, 1);
        await core.Store.EndAsync(new MessageKey(alice, first.MessageId, bob), MessageState.Delivered);
        await core.Store.ReadPageAsync(bob, flow, 0);
        await core.Store.AcceptAsync(new NewMessage(alice, Guid.NewGuid(), carol, "two"u8.ToArray()));
        await core.Sweeper.SweepOnceAsync();
        await core.Store.RegisterAsync(bob, new Binding(flow, "phone", DateTimeOffset.UtcNow.AddHours(1)), 0, true, new ClientSession("192.0.2.7:1", "Phone", "TLSv1.3", "suite", DateTimeOffset.UtcNow));
        await core.Store.UnregisterAsync(bob, flow, new SessionEnd(ByClient: true, "unregistered"));
        await core.Get<MessageJournal>().FlushAsync();
        IOperatorViews views = core.Get<IOperatorViews>();
        Assert.Equal(2, (await views.ListMessagesAsync(alice, 10, string.Empty)).Items.Count);
        Assert.Single((await views.ListQueueAsync(carol, 10, string.Empty)).Items);
        Assert.Equal(2, (await views.ListSessionEventsAsync(bob)).Count);
        await core.Get<KeyKeeper>().TendAsync();
        await core.Get<IKeyAdministration>().AuditAsync();
        await core.Get<MessageResealing>().ResealAsync();
        Assert.True(await core.Get<IStoreHealth>().IsReadyAsync());
        await asked.ExecuteAsync("SCRIPT", "FLUSH");   // as after a restart: scripts are sent anew
        await core.Accounts.DeleteAsync(carol);

        RedisResult[] refused = (RedisResult[])(await asked.ExecuteAsync("ACL", "LOG"))!;
        Assert.Empty(refused.Select(static entry => ((RedisResult[])entry!)[7].ToString()));
        HashSet<string> called = [.. (await asked.InfoAsync("commandstats"))[0].Select(static line => line.Key["cmdstat_".Length..])];
        Assert.Empty(RedisRights.Commands.Except(called).Except(Elsewhere));
    }

    [Theory]   // with an open default user the driver would go on as that one in silence
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_WrongPassword_SaidAtOnce(bool defaultUserOpen)
    {
        await using RedisServer server = await StartAsync(RedisRights.Rules);
        if (!defaultUserOpen)
        {
            await using ConnectionMultiplexer admin = await ConnectionMultiplexer.ConnectAsync($"{server.Endpoint},allowAdmin=true");
            await admin.GetServers()[0].ExecuteAsync("ACL", ["SETUSER", "default", "resetpass"]);
        }

        RedisRefusedException refusal = await Assert.ThrowsAsync<RedisRefusedException>(() => CoreAsync(server, "wrong"));
        Assert.Contains("password", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-setrange", "setrange")]
    [InlineData("-setnx -acl|dryrun", "'setnx'")]
    [InlineData("-script|load", "'script|load'")]
    public async Task Start_RightMissing_NamedAtOnce(string change, string told)
    {
        await using RedisServer server = await StartAsync(RedisRights.Rules + " " + change);
        RedisRefusedException refusal = await Assert.ThrowsAsync<RedisRefusedException>(() => CoreAsync(server, "secret"));
        Assert.Contains(told, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]   // each of them, taken away alone: said at once, and in words that name it
    [Spec("S9")]
    public async Task Start_AnyRightMissing_Named()
    {
        await using RedisServer server = await StartAsync(RedisRights.Rules);
        await using ConnectionMultiplexer admin = await ConnectionMultiplexer.ConnectAsync($"{server.Endpoint},allowAdmin=true");
        (string Change, string Told)[] changes = [
            .. RedisRights.Commands.Except(NotNeededToStart).Select(static command => ($"-{command}", command.Split('|')[0])),
            ("resetkeys ~{*}*", "core-store"), ("resetkeys ~core-store:*", "del"), ("resetchannels", "core-store"), ("-@all", "NOPERM")];
        List<string> notTold = [];
        foreach ((string change, string told) in changes)
        {
            await admin.GetServers()[0].ExecuteAsync("ACL", ["SETUSER", "edge", "reset", "on", ">secret", .. $"{RedisRights.Rules} {change}".Split(' ')]);
            try
            {
                await using TestCore core = await CoreAsync(server, "secret");
                notTold.Add($"{change}: started");
            }
            catch (RedisRefusedException refusal)
            {
                if (!refusal.Message.Contains(told, StringComparison.Ordinal) || !refusal.Message.Contains("README", StringComparison.Ordinal)) notTold.Add($"{change}: {refusal.Message}");
            }
        }

        Assert.Empty(notTold);
    }

    [Fact]
    public async Task Start_OverAUnixSocket_Works()
    {
        string path = Path.Combine(_folder, "redis.sock");
        await using RedisServer server = await RedisServer.StartAsync("--maxmemory-policy", "noeviction", "--unixsocket", path);
        await WorksAsync($"!{path}");
    }

    [Fact]
    public async Task Start_OverTls_WorksAndAStrangeAuthorityIsRefused()
    {
        int port = FreePort.Next();
        string ca = Issue("ca.pem"), strange = Issue("strange.pem");
        await using RedisServer server = await RedisServer.StartAsync(
            "--maxmemory-policy", "noeviction", "--tls-port", $"{port}", "--tls-cert-file", ca, "--tls-key-file", ca + ".key", "--tls-ca-cert-file", ca, "--tls-auth-clients", "no");
        await WorksAsync($"localhost:{port},ssl=true", ("RedisCaFile", ca));
        await Assert.ThrowsAsync<RedisRefusedException>(() => WorksAsync($"localhost:{port},ssl=true", ("RedisCaFile", strange)));
    }

    [Fact]   // an operator copies them from there: these and no others
    public async Task Readme_Rights_AreThese()
    {
        const string Begin = "ACL SETUSER edge on >PASSWORD ";
        string readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"), TestContext.Current.CancellationToken);
        string rules = readme[(readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)..];
        rules = rules[..rules.IndexOf("```", StringComparison.Ordinal)];
        Assert.Equal(RedisRights.Rules.Split(' ').Order(), rules.Split((char[])[' ', '\\', '\n'], StringSplitOptions.RemoveEmptyEntries).Order());
    }

    public void Dispose()
    {
        _ring.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task WorksAsync(string endpoint, params (string, string)[] settings)
    {
        await using TestCore core = await TestCore.StartAsync(endpoint, true, _ring.Path, TimeProvider.System, settings: settings);
        Assert.NotNull(await core.Accounts.CreateAsync(Address("alice"), "secret"));
    }

    /// <summary>A certificate for localhost that is its own authority, with its key beside it.</summary>
    private string Issue(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        return path;
    }

    private static async Task<RedisServer> StartAsync(string rules)
    {
        RedisServer server = await RedisServer.StartAsync("--maxmemory-policy", "noeviction");
        try
        {
            await using ConnectionMultiplexer admin = await ConnectionMultiplexer.ConnectAsync($"{server.Endpoint},allowAdmin=true");
            await admin.GetServers()[0].ExecuteAsync("ACL", ["SETUSER", "edge", "on", ">secret", .. rules.Split(' ')]);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private Task<TestCore> CoreAsync(RedisServer server, string password) =>
        TestCore.StartAsync(string.Create(CultureInfo.InvariantCulture, $"{server.Endpoint},user=edge,password={password}"), true, _ring.Path, TimeProvider.System);

    private static AccountAddress Address(string user)
    {
        Assert.True(AccountAddress.TryCreate(user, "example.test", out AccountAddress address));
        return address;
    }
}
