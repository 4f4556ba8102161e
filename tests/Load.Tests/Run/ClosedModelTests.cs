using System.Security.Cryptography.X509Certificates;
using Load.Reports;
using Load.Scenarios;
using Load.Tests.Harness;

namespace Load.Tests.Run;

/// <summary>Closed models, events, offline users: what users do beside sending at a rate.</summary>
public sealed class ClosedModelTests : IDisposable
{
    private readonly TestCertificate _files = new();
    private readonly X509Certificate2 _certificate;

    public ClosedModelTests() => _certificate = _files.Load();

    public void Dispose()
    {
        _certificate.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Pairs_TakeTurns_EachAnswersTheOther()
    {
        RunResult result = await RunAsync(Scene(20, new TrafficPlan { Name = "pairs", Window = 10, To = Audience.Partner, Until = Milestone.Delivered, Think = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal((Verdict.PASSED, result.Ledger.Accepted), (result.Verdict, result.Ledger.Delivered));
        Assert.InRange(result.Ledger.Messages, 40, 10 * 60);   // ten pairs, at most 20 a second each for two seconds and a half
    }

    [Fact]
    public async Task Refreshes_AsFastAsTheyGo_AreAllAnswered()
    {
        RunResult result = await RunAsync(Scene(20, new TrafficPlan { Name = "refresh", Via = Way.Refresh, Window = 5 }));
        Assert.Equal(Verdict.PASSED, result.Verdict);
        Assert.True(result.Metrics["refresh.count"] > 100);
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task Offline_UsersComeForTheDrain_AndEverythingArrives()
    {
        Scenario scene = Scene(40, new TrafficPlan { Name = "away", Rate = 100, To = Audience.Offline });
        RunResult result = await RunAsync(scene with { Users = scene.Users with { Online = 0.5 } });
        Assert.Equal((Verdict.PASSED, result.Ledger.Accepted), (result.Verdict, result.Ledger.Delivered));
        Assert.True(result.Metrics["drain.count"] > 50);
        Assert.False(result.Metrics.ContainsKey("deliver.p99"));   // nobody was there to be delivered to
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reconnect_AllOfThem_ComeBack(bool resume)
    {
        Scenario scene = Scene(30, new TrafficPlan { Name = "sip", Rate = 50 });
        RunResult result = await RunAsync(scene with { Events = [new EventPlan { Kind = EventKind.Reconnect, At = TimeSpan.FromMilliseconds(500), Resume = resume }] });
        Assert.Empty(result.Errors.Keys.Except(["no sender is online", "SIP connection ended before the answer"]));   // while all of them are away
        Assert.Equal((30.0, true), (result.Metrics["reconnects"], result.Metrics["register.count"] >= 30));
        Assert.InRange(result.Metrics["resumed"], 0, resume ? 30 : 0);   // whether tickets are honoured is the server's choice
        Assert.Equal(result.Ledger.Accepted, result.Ledger.Delivered);
    }

    [Fact]
    public async Task SlowReaders_GetEverythingInTheEnd()
    {
        Scenario scene = Scene(10, new TrafficPlan { Name = "sip", Rate = 100 });
        RunResult result = await RunAsync(scene with { Events = [new EventPlan { Kind = EventKind.SlowRead, Share = 0.5, For = TimeSpan.FromMilliseconds(100) }] });
        Assert.Equal((true, result.Ledger.Accepted), (result.Ledger.Clean, result.Ledger.Delivered));
        Assert.InRange(result.Metrics["deliver.max"], 50, 60_000);
    }

    [Fact]
    public async Task Silence_UsersComeByAnotherConnection_WhatTheOldOneTookIsLostHere()
    {
        // This server takes a write to a dead connection for a delivery, as the edge must not: the ledger says so.
        Scenario scene = Scene(10, new TrafficPlan { Name = "sip", Rate = 200 });
        RunResult result = await RunAsync(scene with
        {
            Events = [new EventPlan { Kind = EventKind.Silence, Share = 0.5, At = TimeSpan.FromMilliseconds(300), For = TimeSpan.FromMilliseconds(700) }],
            Phases = scene.Phases with { Drain = TimeSpan.FromSeconds(2) },
        });
        Assert.Equal(Verdict.FAILED, result.Verdict);
        Assert.True(result.Metrics["lost"] > 0);
        Assert.Equal(5.0, result.Metrics["reconnects"]);
    }

    private static Scenario Scene(int users, TrafficPlan traffic) => Scenes.Sip(1, users, TimeSpan.FromSeconds(2)) with { Traffic = [traffic] };

    private async Task<RunResult> RunAsync(Scenario scenario)
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        return await Scenes.RunAsync(scenario, Scenes.Target(server.Port, _files));
    }
}
