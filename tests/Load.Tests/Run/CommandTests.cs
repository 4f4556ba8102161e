using System.Security.Cryptography.X509Certificates;
using Load.Commands;
using Load.Reports;
using Load.Run;
using Load.Scenarios;
using Load.Sessions;
using Load.Tests.Harness;
using Testing.Shared;

namespace Load.Tests.Run;

/// <summary>The program: exit codes, refusals, Ctrl-C.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TestCertificate _files = new();
    private readonly X509Certificate2 _certificate;
    private readonly Kit _kit;

    public CommandTests() => (_certificate, _kit) = (_files.Load(), new Kit(_files));

    public void Dispose()
    {
        _certificate.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Run_EverythingHolds_Is0AndLeavesItsFiles()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        await using Child child = _kit.Run(Scenes.Sip(50, 20, TimeSpan.FromSeconds(1)) with { Thresholds = ["errors == 0", "deliver.count > 10"] }, server.Port);
        int code = await child.ExitAsync();
        Assert.True(code == ExitCodes.Passed, child.Output);
        Assert.All((string[])["result.json", "report.html", "junit.xml", "hdr/deliver.hlog"], file => Assert.True(File.Exists(Path.Combine(_kit.Output, file)), file));
        Assert.DoesNotContain(_kit.Result.Metrics.Keys, name => name.StartsWith("server.", StringComparison.Ordinal));   // of a process elsewhere nothing is known, which is not 0
    }

    [Fact]
    public async Task Run_AThresholdDoesNotHold_Is99()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        await using Child child = _kit.Run(Scenes.Sip(50, 20, TimeSpan.FromSeconds(1)), server.Port, "--threshold", "delivered.rate > 1000");
        Assert.Equal(ExitCodes.Failed, await child.ExitAsync());
        Assert.Contains("delivered.rate > 1000", Assert.Single(_kit.Result.Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NobodyListens_Is2()
    {
        await using Child child = _kit.Run(Scenes.Sip(50, 20, TimeSpan.FromSeconds(1)), FreePort.Next());
        Assert.Equal(ExitCodes.Unreachable, await child.ExitAsync());
    }

    /// <summary>Before the run, not after it.</summary>
    [Fact]
    public async Task Run_NoPlaceForItsReport_Is1AtOnce()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        await using Child child = _kit.Run(Scenes.Sip(50, 20, TimeSpan.FromMinutes(3)), server.Port, "--out", Path.Combine(_files.AuthorityFile, "out"));
        Assert.Equal(ExitCodes.Usage, await child.ExitAsync());
        Assert.Contains("The report has no place", child.Output, StringComparison.Ordinal);
        Assert.Equal(0, server.Messages);
    }

    [Fact]
    public async Task Run_ACertificateOfAnotherName_Is2AndSaysSo()
    {
        using TestCertificate other = new("elsewhere.test");
        using X509Certificate2 wrong = other.Load();
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), wrong);
        await using Child child = _kit.Run(Scenes.Sip(50, 20, TimeSpan.FromSeconds(1)), server.Port);
        Assert.Equal(ExitCodes.Unreachable, await child.ExitAsync());
        Assert.Contains("certificate not trusted", child.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sip", "192.0.2.1:5061")]
    [InlineData("--api", "https://192.0.2.1")]
    public async Task Run_ATargetElsewhere_IsRefusedUnlessAllowed(string option, string value)
    {
        await using Child child = new(_kit.Assembly, "run", "mixed", option, value, "--run", _files.Folder, "--out", _kit.Output);
        Assert.Equal(ExitCodes.Usage, await child.ExitAsync());
        Assert.Contains("--allow-remote", child.Output, StringComparison.Ordinal);
    }

    /// <summary>A run on this machine says nothing of a target elsewhere, and must not be restarted in its place.</summary>
    [Theory]
    [InlineData("127.0.0.1:5061", true)]
    [InlineData("192.0.2.1:5061", false)]
    public async Task Target_Elsewhere_TakesNothingOfThisMachine(string sip, bool here)
    {
        RunOptions options = AdapterOptions.Parse(["mixed", "--sip", sip, "--api", "https://127.0.0.1:8443", "--allow-remote"]);
        LoadTarget target = await TargetResolver.ResolveAsync(options);
        Assert.Equal(here, target.Metrics.Count > 0);
        if (!here) Assert.Equal((null, 0), (target.AuthorityFile, target.Processes().Count));
        File.WriteAllText(Path.Combine(_files.Folder, "pids"), "edge 1\n");
        Assert.Single((await TargetResolver.ResolveAsync(options with { RunFolder = _files.Folder })).Processes());
    }

    [Fact]
    public async Task Run_AnEdgeIsToBeRestartedAndNobodyKnowsHow_Is1()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        Scenario scene = Scenes.Sip(50, 20, TimeSpan.FromSeconds(2)) with { Events = [new EventPlan { Kind = EventKind.RestartEdge }] };
        await using Child refused = _kit.Run(scene, server.Port);
        Assert.Equal(ExitCodes.Usage, await refused.ExitAsync());
        Assert.Contains("--restart", refused.Output, StringComparison.Ordinal);
        await using Child failing = _kit.Run(scene with { Thresholds = ["errors == 0"] }, server.Port, "--restart", "exit 7");
        Assert.Equal(ExitCodes.Failed, await failing.ExitAsync());
        Assert.Equal("the restart command failed (exit code 7)", Assert.Single(_kit.Result.Errors).Key);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("run", "no-such-scenario")]
    [InlineData("run", "mixed", "--users", "many")]
    [InlineData("run", "mixed", "--users", "20000")]
    [InlineData("compare", "nowhere", "nowhere")]
    [InlineData("fly")]
    public async Task Program_WrongOptions_Are1(params string[] arguments)
    {
        await using Child child = new(_kit.Assembly, arguments);
        Assert.Equal(ExitCodes.Usage, await child.ExitAsync());
    }

    [Fact]
    public async Task Run_CtrlC_DrainsAndLeavesAValidReport()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        await using Child child = _kit.Run(Scenes.Sip(100, 20, TimeSpan.FromMinutes(5)), server.Port);
        while (server.Messages < 100 && !child.HasExited) await Task.Delay(20);
        child.Signal("INT");
        int code = await child.ExitAsync();
        Assert.True(code == ExitCodes.Passed, child.Output);
        RunResult result = _kit.Result;
        Assert.True(result.Ledger.Clean);
        Assert.Equal((result.Ledger.Accepted, server.Messages), (result.Ledger.Delivered, result.Ledger.Messages));
        Assert.Contains(result.Notes, note => note.Contains("stopped early", StringComparison.Ordinal));
        Assert.True(result.StoppedEarly);
        // 100 a second were offered: rates are of the time that was measured, however short it was.
        Assert.InRange(result.Metrics["accepted.rate"], 1, 400);
        Assert.InRange(result.Metrics["engine.cpu"], 0, 64);
        Assert.InRange(result.Phases["measure"], 0.1, 60);
    }

    [Fact]
    public async Task Run_CtrlCBeforeAnythingIsMeasured_GivesNoRates()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        Scenario scene = Scenes.Sip(100, 20, TimeSpan.FromMinutes(4));
        await using Child child = _kit.Run(scene with { Phases = scene.Phases with { WarmUp = TimeSpan.FromMinutes(5) } }, server.Port);
        while (server.Messages < 50 && !child.HasExited) await Task.Delay(20);
        child.Signal("INT");
        Assert.Equal(ExitCodes.Passed, await child.ExitAsync());
        Assert.DoesNotContain(_kit.Result.Metrics.Keys, name => name.EndsWith(".rate", StringComparison.Ordinal) && name != "drain.rate");
        Assert.True(_kit.Result.StoppedEarly);
    }

    [Fact]
    public async Task Run_TheCapOfRequests_EndsIt()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        await using Child child = _kit.Run(Scenes.Sip(200, 20, TimeSpan.FromMinutes(5)), server.Port, "--max-requests", "150");
        Assert.Equal(ExitCodes.Passed, await child.ExitAsync());
        Assert.InRange(_kit.Result.Ledger.Messages, 150, 160);
    }
}
