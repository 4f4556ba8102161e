using System.Security.Cryptography.X509Certificates;
using Load.Commands;
using Load.FaultyServer;
using Load.Ledger;
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
        MessageLedger ledger = await session.DrainAsync();
        Assert.Equal((101, 101, true, ExitCodes.Passed), (ledger.Accepted, ledger.Delivered, ledger.IsClean, AdapterVerdict.CodeOf(ledger, failed: false)));
        Assert.Equal(ExitCodes.Failed, AdapterVerdict.CodeOf(ledger, failed: true));
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
        MessageLedger ledger = await session.DrainAsync();
        Assert.Equal(server.Planted.Select(one => one.Id), ledger.Findings.Select(finding => finding.MessageId));
        Assert.Equal(ExitCodes.Failed, AdapterVerdict.CodeOf(ledger, failed: false));
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
