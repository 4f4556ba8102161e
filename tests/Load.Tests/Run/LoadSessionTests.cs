using System.Security.Cryptography.X509Certificates;
using Load.Commands;
using Load.FaultyServer;
using Load.Run;
using Load.Scenarios;
using Load.Sessions;
using Load.Tests.Harness;

namespace Load.Tests.Run;

/// <summary>The engine under another runner: awaited calls, the same ledger.</summary>
public sealed class LoadSessionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TestCertificate _files = new();
    private readonly X509Certificate2 _certificate;

    public LoadSessionTests() => _certificate = _files.Load();

    public void Dispose()
    {
        _certificate.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Session_SendsAndReceives_WithACleanLedger()
    {
        await using FaultyServer.FaultyServer server = new(new FaultPlan(), _certificate);
        Scenario scene = Scenes.Sip(1, 20, TimeSpan.FromSeconds(1)) with { Users = new UserPlan { Count = 20, Online = 0.5 } };
        await using LoadSession session = await OnlineAsync(scene, server.Port);
        SessionStream online = new(session, scene, scene.Traffic[0]), away = new(session, scene, scene.Traffic[0] with { To = Audience.Offline });
        Assert.Equal((true, false), (online.AwaitsDelivery, away.AwaitsDelivery));
        SentMessage[] sent = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => online.SendAsync()));
        Assert.All(await Task.WhenAll(sent.SelectMany(message => (Task<string?>[])[message.Accepted, message.Delivered])).WaitAsync(Patience), Assert.Null);
        SentMessage waiting = await away.SendAsync();
        Assert.Null(await waiting.Accepted.WaitAsync(Patience));
        Assert.Null(await online.RefreshAsync().WaitAsync(Patience));
        SessionResult result = await session.DrainAsync();
        Assert.Equal((101, 101, true, ExitCodes.Passed), (result.Ledger.Accepted, result.Ledger.Delivered, result.Ledger.IsClean, AdapterVerdict.CodeOf(scene, result, failed: false)));
        Assert.Equal(ExitCodes.Failed, AdapterVerdict.CodeOf(scene, result, failed: true));
        Assert.Equal((101.0, 100.0, 1.0, 1.0), (result.Metrics["accept.sip.count"], result.Metrics["deliver.count"], result.Metrics["drain.count"], result.Metrics["refresh.count"]));
        Scenario holds = scene with { Thresholds = ["accept.p99 < 1m", "deliver.p99 < 1m", "errors == 0", "registered == 10"] }, fails = scene with { Thresholds = ["deliver.p50 < 1us"] };
        Assert.Equal((ExitCodes.Passed, ExitCodes.Failed), (AdapterVerdict.CodeOf(holds, result, failed: false), AdapterVerdict.CodeOf(fails, result, failed: false)));
    }

    [Fact]
    public async Task Session_AMessageIsDropped_TheLedgerFails()
    {
        await using FaultyServer.FaultyServer server = new(new FaultPlan { Every = 50, Faults = [Fault.Drop] }, _certificate);
        Scenario scene = Scenes.Sip(1, 10, TimeSpan.FromSeconds(1));
        scene = scene with { Phases = scene.Phases with { Drain = TimeSpan.FromSeconds(1) } };
        await using LoadSession session = await OnlineAsync(scene, server.Port);
        SessionStream stream = new(session, scene, scene.Traffic[0]);
        SentMessage[] sent = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => stream.SendAsync()));
        await Task.WhenAll(sent.Select(message => message.Accepted)).WaitAsync(Patience);
        SessionResult result = await session.DrainAsync();
        Assert.Equal(server.Planted.Select(one => one.Id), result.Ledger.Findings.Select(finding => finding.MessageId));
        Assert.Equal(ExitCodes.Failed, AdapterVerdict.CodeOf(scene, result, failed: false));
    }

    /// <summary>The runner goes on without it; the ledger has it all the same.</summary>
    [Fact]
    public async Task Session_AnAcceptanceComesTooLate_IsInTheLedger()
    {
        await using FaultyServer.FaultyServer server = new(new FaultPlan { AnswerAfter = TimeSpan.FromSeconds(2.5) }, _certificate);
        Scenario scene = Scenes.Sip(1, 10, TimeSpan.FromSeconds(1));
        scene = scene with { Registration = scene.Registration with { AnswerWithin = TimeSpan.FromMilliseconds(1) } };
        await using LoadSession session = await OnlineAsync(scene, server.Port);
        SentMessage sent = await new SessionStream(session, scene, scene.Traffic[0]).SendAsync();
        Assert.Equal("no answer", await sent.Accepted.WaitAsync(Patience));
        while (session.Ledger.Accepted == 0) await Task.Delay(20);
        Assert.Equal((0, 1), (session.Ledger.Unknown, session.Ledger.Delivered));
    }

    [Fact]
    public void Scenario_ThatAnotherRunnerCannotRun_IsRefusedWithTheReasons()
    {
        Scenario able = Scenes.Sip(1, 10, TimeSpan.FromSeconds(1)) with { Thresholds = ["accept.p99 < 1s", "lost == 0"] };
        AdapterChecks.Require(able);
        Assert.Contains("events", Refusal(able with { Events = [new EventPlan { Kind = EventKind.Away }] }), StringComparison.Ordinal);
        Assert.Contains("traffic", Refusal(able with { Traffic = [] }), StringComparison.Ordinal);
        Assert.Contains("server.cpu < 1", Refusal(able with { Thresholds = ["server.cpu < 1"] }), StringComparison.Ordinal);

        static string Refusal(Scenario scenario) => Assert.Throws<ScenarioException>(() => AdapterChecks.Require(scenario)).Message;
    }

    [Theory]
    [InlineData(1, 0, false, 0)]       // open: the next one is due when it is
    [InlineData(0, 0, false, 0)]
    [InlineData(0, 300, false, 250)]
    [InlineData(0, 0, true, 15)]       // errors must not spin
    public async Task Pause_OfTheClosedModel_IsItsThink(double rate, int think, bool failed, int least)
    {
        Scenario scene = Scenes.Sip(1, 10, TimeSpan.FromSeconds(1));
        SessionStream stream = new(null!, scene, new TrafficPlan { Name = "t", Rate = rate, Window = rate > 0 ? 0 : 1, Think = TimeSpan.FromMilliseconds(think) });
        long began = System.Diagnostics.Stopwatch.GetTimestamp();
        Task pause = stream.PauseAsync(failed);
        Assert.Equal(least == 0, pause.IsCompleted);
        await pause;
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMilliseconds >= least);
    }

    [Fact]
    public void SimulationPlan_OfAnOpenStream_IsRampThenRate()
    {
        PhasePlan phases = new() { Ramp = TimeSpan.FromSeconds(5), WarmUp = TimeSpan.FromSeconds(3), Measure = TimeSpan.FromSeconds(40) };
        Assert.Equal(
            [
                new SimulationPlan(SimulationKind.RampingRate, 50, TimeSpan.FromSeconds(5)),
                new SimulationPlan(SimulationKind.Rate, 50, TimeSpan.FromSeconds(3)),
                new SimulationPlan(SimulationKind.Rate, 50, TimeSpan.FromSeconds(40)),
            ],
            SimulationPlan.For(new TrafficPlan { Name = "t", Rate = 50 }, phases));
        Assert.Equal(
            [new SimulationPlan(SimulationKind.RampingRate, 100, TimeSpan.FromSeconds(20)), new SimulationPlan(SimulationKind.RampingRate, 50, TimeSpan.FromSeconds(20))],
            SimulationPlan.For(new TrafficPlan { Name = "t", Rate = 50, Curve = [1, 2] }, phases).Skip(2));
    }

    [Fact]
    public void SimulationPlan_OfAClosedStream_KeepsCopies()
    {
        PhasePlan phases = new() { Ramp = TimeSpan.Zero, WarmUp = TimeSpan.Zero, Measure = TimeSpan.FromSeconds(40) };
        Assert.Equal([new SimulationPlan(SimulationKind.Copies, 8, TimeSpan.FromSeconds(40))], SimulationPlan.For(new TrafficPlan { Name = "t", Window = 8 }, phases));
    }

    [Fact]
    public void AdapterOptions_AreThoseOfRun()
    {
        RunOptions options = AdapterOptions.Parse(["mixed", "--users", "50", "--sip", "127.0.0.1:9"]);
        Assert.Equal(("mixed", 50, "127.0.0.1:9"), (options.Scenario, options.Users, options.Sip));
        Assert.Throws<ScenarioException>(() => AdapterOptions.Parse(["mixed", "--users", "many"]));
    }

    private async Task<LoadSession> OnlineAsync(Scenario scene, int port)
    {
        LoadSession session = new(scene, Scenes.Target(port, _files), new AccountNames(scene.Users, null));
        await session.ComeOnlineAsync(0, session.Online, Patience);
        return session;
    }
}
