using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Load.Run;
using Load.Scenarios;

namespace Load.Commands;

/// <summary>Finds the target: addresses, authority, metrics and processes. By default that of <c>./run</c> on this machine.</summary>
internal static class TargetResolver
{
    private static readonly string[] OwnMetrics = ["http://127.0.0.1:9464/metrics", "http://127.0.0.1:9465/metrics"];

    /// <exception cref="ScenarioException">An option cannot be used, or the target is not on this machine and that is not allowed.</exception>
    public static async Task<LoadTarget> ResolveAsync(RunOptions options)
    {
        IPEndPoint sip = await EndPointAsync("--sip", options.Sip, options.AllowRemote);
        if (!Uri.TryCreate(options.Api, UriKind.Absolute, out Uri? api) || api.Scheme != Uri.UriSchemeHttps) throw new ScenarioException($"--api: {options.Api} is no https address.");
        IPEndPoint apiEnd = await EndPointAsync("--api", $"{api.Host}:{api.Port}", options.AllowRemote);
        // What lies on this machine says nothing of another: no authority, process or counter of a ./run here.
        bool isHere = IPAddress.IsLoopback(sip.Address) && IPAddress.IsLoopback(apiEnd.Address);
        string? folder = options.RunFolder ?? (isHere ? ".run" : null);
        string? authority = options.AuthorityFile ?? (folder is null ? null : Existing(Path.Combine(folder, "tls", "ca.pem")));
        if (options.AuthorityFile is { } file && !File.Exists(file)) throw new ScenarioException($"--ca: there is no file {file}.");
        return new LoadTarget
        {
            Sip = sip,
            Api = api,
            Domain = options.Domain,
            ServerName = options.Domain,
            AuthorityFile = authority,
            Metrics = [.. (options.Metrics ?? (isHere ? OwnMetrics : [])).Select(Endpoint)],
            Processes = ProcessesOf(options, folder),
            RestartCommand = options.Restart,
        };
    }

    /// <summary>Whether somebody listens there.</summary>
    public static async Task<bool> AnswersAsync(IPEndPoint end)
    {
        using TcpClient client = new(end.AddressFamily);
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(5));
        try
        {
            await client.ConnectAsync(end, deadline.Token);
            return true;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Uri Endpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri : throw new ScenarioException($"--metrics: {text} is no http address.");

    private static async Task<IPEndPoint> EndPointAsync(string option, string text, bool allowRemote)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 1 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65_535)
        {
            throw new ScenarioException($"{option}: {text} is not HOST:PORT.");
        }

        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(text[..colon].Trim('[', ']'));
        }
        catch (SocketException)
        {
            throw new ScenarioException($"{option}: {text[..colon]} has no address.");
        }

        IPAddress address = addresses.FirstOrDefault(static one => one.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        if (!allowRemote && !addresses.All(IPAddress.IsLoopback)) throw new ScenarioException($"{option}: {text} is not this machine. Load on other machines needs --allow-remote, and their owner's consent.");
        return new IPEndPoint(address, port);
    }

    private static Func<IReadOnlyDictionary<string, IReadOnlyList<int>>> ProcessesOf(RunOptions options, string? folder)
    {
        if (options.Processes.Count == 0)
        {
            if (folder is null) return static () => new Dictionary<string, IReadOnlyList<int>>();
            string pids = Path.Combine(folder, "pids");
            return () => Parse(ReadLines(pids).Select(static line => line.Replace(' ', '=')));
        }

        IReadOnlyDictionary<string, IReadOnlyList<int>> given = Parse(options.Processes);
        if (given.Values.Sum(static ids => ids.Count) != options.Processes.Count) throw new ScenarioException("--process: NAME=PID");
        return () => given;
    }

    private static Dictionary<string, IReadOnlyList<int>> Parse(IEnumerable<string> lines)
    {
        Dictionary<string, IReadOnlyList<int>> processes = new(StringComparer.Ordinal);
        foreach (string line in lines)
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !int.TryParse(line.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int id)) continue;
            processes[line[..equals]] = [.. processes.GetValueOrDefault(line[..equals], []), id];
        }

        return processes;
    }

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];   // ./run is not here, or just replaces it
        }
    }

    private static string? Existing(string file) => File.Exists(file) ? file : null;
}
