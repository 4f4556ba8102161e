using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Dev.Host.Accounts;
using Dev.Host.Certificates;
using Dev.Host.Clients;
using Dev.Host.Supervision;

namespace Dev.Host;

/// <summary>One life of <c>./run</c>: prepare the data folder, start the parts in order, make accounts, watch, stop in reverse order.</summary>
internal sealed class RunSession(RunOptions options) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ChildLauncher _launcher = new();
    private readonly List<Part> _parts = [];
    private readonly int _storePort = Readiness.PickFreePort();
    private IReadOnlyList<(string User, string Password)> _demo = [];

    /// <returns>An exit code of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(RunOptions options)
    {
        using RunSession session = new(options);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, session.Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, session.Stop);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, session.Stop);
        return await session.RunAsync();
    }

    public void Dispose()
    {
        _launcher.Dispose();
        _stopping.Dispose();
    }

    private async Task<int> RunAsync()
    {
        FileStream? folder = null;
        PidFile pids = new(options.In("pids"));
        List<Task> watches = [];
        int code = ExitCodes.Stopped;
        try
        {
            folder = OpenFolder();
            pids.Remove();   // of a start that was killed
            Check();
            Prepare();
            Describe(pids);
            foreach (Part part in _parts)
            {
                await part.StartAsync(_stopping.Token);
            }

            watches.AddRange(_parts.Select(part => part.WatchAsync(_stopping.Token)));
            await ImportAsync();
            Announce();
            Console.WriteLine("ready");
            await Task.WhenAll(watches);
        }
        catch (StartFailedException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            code = ExitCodes.CouldNotStart;
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped while starting: nothing to say.
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(watches);
        foreach (Part part in Enumerable.Reverse(_parts))
        {
            await part.StopAsync();
        }

        if (folder is not null)
        {
            pids.Remove();
            await folder.DisposeAsync();
        }

        return code;
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (!_stopping.IsCancellationRequested)
        {
            Console.WriteLine("stopping");
            _stopping.Cancel();
        }
    }

    /// <summary>The folder's lock, held while this process lives: two systems in one folder would share keys and the pids file.</summary>
    private FileStream OpenFolder()
    {
        try
        {
            Directory.CreateDirectory(options.In("logs"));
            return new FileStream(options.In("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartFailedException($"The data folder {options.DataFolder} cannot be used ({failure.Message}). If another ./run uses it, choose another with --data.");
        }
    }

    private void Check()
    {
        if (Uri.CheckHostName(options.Domain) != UriHostNameType.Dns)
        {
            throw new StartFailedException($"--domain: {options.Domain} is not a domain name.");
        }

        if (options.AccountsFile is { } accounts && !File.Exists(accounts))
        {
            throw new StartFailedException($"--accounts: there is no file {accounts}.");
        }

        if (options.LimitsFile is { } limits && !File.Exists(limits))
        {
            throw new StartFailedException($"--limits: there is no file {limits}.");   // what stands in it is judged by the core, which says so
        }

        Readiness.RequireFree(
        [
            .. Enumerable.Range(0, options.Edges).Select(edge => (options.SipPortOf(edge), "--sip-port")),
            (options.ApiPort, "--api-port"),
            (options.AdminPort, "--admin-port"),
            (options.LinkPort, "--link-port"),
            (options.MetricsPort, "--metrics-port"),
            .. Enumerable.Range(0, options.Edges).Select(edge => (options.MetricsPortOf(edge), "--metrics-port")),
        ]);
    }

    private void Prepare()
    {
        DevCertificates.Ensure(options);
        if (!File.Exists(options.In("admin-token")))
        {
            PrivateFile.WriteSecret(options.In("admin-token"), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)) + "\n");
        }

        foreach (string log in Directory.EnumerateFiles(options.In("logs"), "*.log"))
        {
            File.Move(log, log + ".1", overwrite: true);
        }

        if (options.Demo)
        {
            _demo = DemoAccounts.Open(options);
            foreach ((string user, string password) in _demo)
            {
                LinphoneProfile.Write(options.In("linphone"), options.In("tls", "ca.pem"), options.SipPort, options.Domain, user, password);
            }
        }
    }

    private void Describe(PidFile pids)
    {
        Part? store = null;
        if (options.Redis is null)
        {
            store = new Part(PartCommands.Store(options, _storePort), _launcher, pids);
            _parts.Add(store);
        }

        _parts.Add(new Part(PartCommands.Core(options, _storePort), _launcher, pids));
        for (int edge = 0; edge < options.Edges; edge++)
        {
            _parts.Add(new Part(PartCommands.Edge(options, edge), _launcher, pids));
        }

        if (store is not null)
        {
            store.Returned = AfterStoreLossAsync;
        }
    }

    /// <summary>A memory-only store comes back empty: sequences and epochs begin anew, so core and edges must too, and accounts are made again.</summary>
    private async Task AfterStoreLossAsync()
    {
        Console.WriteLine("the embedded store lost everything it held: core and edges are started afresh, accounts are made again; waiting messages are gone");
        try
        {
            foreach (Part part in _parts.Skip(1))
            {
                await part.BounceAsync(_stopping.Token);
            }

            await ImportAsync();
        }
        catch (TimeoutException)
        {
            Console.WriteLine("not everything came back in time; see the messages above");
        }
    }

    private async Task ImportAsync()
    {
        using AdminClient admin = new(options.AdminPort, options.In("tls", "ca.pem"), (await File.ReadAllTextAsync(options.In("admin-token"))).Trim());
        if (_demo.Count > 0)
        {
            await admin.ImportAsync(DemoAccounts.Csv(_demo));
        }

        if (options.AccountsFile is { } accounts)
        {
            await AccountImport.RunAsync(admin, accounts);
        }
    }

    private void Announce()
    {
        Console.WriteLine($"store    {(options.Redis is null ? "embedded, in memory only: everything is gone when it stops" : "Redis as given")}");
        Console.WriteLine($"domain   {options.Domain}");
        Console.WriteLine($"sip      {string.Join(", ", Enumerable.Range(0, options.Edges).Select(edge => $"127.0.0.1:{options.SipPortOf(edge)}"))} (TLS)");
        Console.WriteLine($"api      https://localhost:{options.ApiPort}/v1/messages");
        Console.WriteLine($"admin    https://localhost:{options.AdminPort}/v1/accounts (Bearer token in {options.In("admin-token")})");
        Console.WriteLine($"metrics  http://127.0.0.1:{options.MetricsPort}/metrics (core), {string.Join(", ", Enumerable.Range(0, options.Edges).Select(edge => $"http://127.0.0.1:{options.MetricsPortOf(edge)}/metrics"))} (edges)");
        Console.WriteLine($"data     {options.DataFolder} (logs in logs/)");
        if (_demo.Count > 0)
        {
            FirstMessage.Print(options, _demo);
        }
    }
}
