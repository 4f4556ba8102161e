using System.Diagnostics;
using System.Net.Sockets;
using Journey.Tests.Harness;
using Testing.Shared;

namespace Journey.Tests;

/// <summary>The development host behind <c>./run</c>: its files, its restarts, its end.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class RunTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("run-").FullName;
    private readonly int _firstMetrics = FreePort.Next();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Run_StartKillStop_FilesRestartAndNothingLeft()
    {
        await using ChildProcess host = await StartAsync(FreePort.Next());
        await Wait.UntilAsync(() => host.Lines.Contains("ready") || !host.IsRunning, Patience, "ready");
        Assert.True(host.IsRunning, host.Output);

        IReadOnlyDictionary<string, int> parts = Pids();
        Assert.Equal(["core", "edge", "store"], parts.Keys.Order());
        foreach (string secret in (string[])["admin-token", "tls/key.pem", "demo-accounts.csv", "keyring.json", "linphone/alice.rc", "linphone/bob.rc"])
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, secret)));
        }

        Assert.True(File.Exists(Path.Combine(_folder, "tls/ca.pem")) && File.Exists(Path.Combine(_folder, "tls/cert.pem")));

        Process.GetProcessById(parts["edge"]).Kill();
        await Wait.UntilAsync(() => host.Output.Contains("edge-1 is ready again", StringComparison.Ordinal), Patience, "the edge is back");
        Assert.Contains("edge-1 died (signal 9)", host.Output, StringComparison.Ordinal);
        IReadOnlyDictionary<string, int> after = Pids();
        Assert.NotEqual(parts["edge"], after["edge"]);
        Assert.Equal((parts["core"], parts["store"]), (after["core"], after["store"]));

        await host.TerminateAsync();
        Assert.Equal(0, await host.ExitCodeAsync(Patience));
        Assert.All(after.Values, id => Assert.False(IsAlive(id)));
        Assert.False(File.Exists(Path.Combine(_folder, "pids")));
    }

    /// <summary>Even SIGKILL leaves no part behind.</summary>
    [Fact]
    public async Task Run_KilledHard_NoPartSurvives()
    {
        await using ChildProcess host = await StartAsync(FreePort.Next());
        await Wait.UntilAsync(() => host.Lines.Contains("ready") || !host.IsRunning, Patience, "ready");
        IReadOnlyDictionary<string, int> parts = Pids();

        await host.KillAsync();

        await Wait.UntilAsync(() => !parts.Values.Any(IsAlive), Patience, "all parts are gone");
    }

    [Fact]
    public async Task Run_PortInUse_SaysWhichAndEnds()
    {
        using TcpListener taken = new(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        int port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;

        await using ChildProcess host = await StartAsync(port);

        Assert.Equal(1, await host.ExitCodeAsync(Patience));
        Assert.Contains($"Port {port} (--sip-port) is in use", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Spec("S5")]
    public async Task Run_LimitsFileFaulty_SaysWhatToMendAndEnds()
    {
        using LimitsOnDisk file = new("""{"sender": {"burst": 0}, "pairs": {}}""");

        await using ChildProcess host = await StartAsync(FreePort.Next(), "--limits", file.Path);

        Assert.Equal(1, await host.ExitCodeAsync(Patience));
        Assert.All(["sender.burst must be a whole number from 1 to 1000000", "pairs is not known"], fault => Assert.Contains(fault, host.Output, StringComparison.Ordinal));
    }

    private Task<ChildProcess> StartAsync(int sipPort, params string[] further) => ChildProcess.StartAsync(
        "development host",
        [
            "dotnet", Journeys.Required(Journeys.DevHostAssembly, "tests/publish host"), "run",
            "--core-assembly", Journeys.CoreAssembly, "--edge-binary", Journeys.EdgeBinary, "--data", _folder,
            "--sip-port", $"{sipPort}", "--api-port", $"{FreePort.Next()}", "--admin-port", $"{FreePort.Next()}",
            "--link-port", $"{FreePort.Next()}", "--metrics-port", $"{_firstMetrics}",
            .. further,
        ],
        _folder);

    private Dictionary<string, int> Pids() => File.ReadLines(Path.Combine(_folder, "pids")).Select(line => line.Split(' '))
        .ToDictionary(parts => parts[0], parts => int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));

    private static bool IsAlive(int id) => File.Exists($"/proc/{id}/stat") && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);
}
