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

    /// <summary>A server that keeps half of the users out for a second: those who write to them, and they themselves, have waited for it.</summary>
    [Fact]
    public async Task Outage_OfHalfOfTheUsers_IsInDeliverAndInAway()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        Scenario scene = Scene(10, new TrafficPlan { Name = "sip", Rate = 200 });
        scene = scene with { Registration = scene.Registration with { ReconnectFirst = TimeSpan.FromMilliseconds(100), ReconnectMost = TimeSpan.FromMilliseconds(100) } };
        RunResult result = await Scenes.RunAsync(scene, Scenes.Target(server.Port, _files), _ =>
        {
            while (server.Messages < 100) Thread.Sleep(10);
            server.ShutOut(static user => user[^1] % 2 == 0);
            Thread.Sleep(1_000);
            server.ShutOut(null);
        });
        Assert.Equal(5.0, result.Metrics["away.count"]);
        Assert.InRange(result.Metrics["away.p50"], 900, 60_000);
        Assert.InRange(result.Metrics["register.max"], 700, 60_000);   // the first try after the loss, and those that failed, are of one registration
        Assert.InRange(result.Metrics["deliver.max"], 900, 60_000);
        Assert.False(result.Metrics.ContainsKey("drain.p50"));         // all of them meant to be online
    }

    [Fact]
    public async Task Accounts_OfSomeUsersAreMissing_TheReportSaysWhatMakesThem()
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan { Refuses = static user => user[^1] == '7' }, _certificate);
        RunResult result = await Scenes.RunAsync(Scene(10, new TrafficPlan { Name = "sip", Rate = 20 }), Scenes.Target(server.Port, _files));
        Assert.Contains("loadtests/load accounts 10 makes them", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.True(result.Errors["REGISTER 403"] > 0);
    }

    /// <summary>Nobody waits for the answer any more when it comes: it is an acceptance all the same.</summary>
    [Fact]
    public async Task Answers_ThatComeTooLate_AreErrorsAndAcceptances()
    {
        Scenario scene = Scene(10, new TrafficPlan { Name = "sip", Rate = 50 });
        scene = scene with { Registration = scene.Registration with { AnswerWithin = TimeSpan.FromMilliseconds(1) }, Phases = scene.Phases with { CoolDown = TimeSpan.FromSeconds(3) } };
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan { AnswerAfter = TimeSpan.FromSeconds(1.5) }, _certificate);
        RunResult result = await Scenes.RunAsync(scene, Scenes.Target(server.Port, _files));
        Assert.True(result.Errors["SIP no answer"] > 0);
        Assert.True(result.Ledger.Clean);
        Assert.InRange(result.Ledger.Accepted, result.Ledger.Messages / 2, result.Ledger.Messages);   // those of the last second and a half may come after the end
        Assert.Equal(result.Ledger.Messages, result.Ledger.Accepted + result.Ledger.Unknown);
    }

    private static Scenario Scene(int users, TrafficPlan traffic) => Scenes.Sip(1, users, TimeSpan.FromSeconds(2)) with { Traffic = [traffic] };

    private async Task<RunResult> RunAsync(Scenario scenario)
    {
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), _certificate);
        return await Scenes.RunAsync(scenario, Scenes.Target(server.Port, _files));
    }
}
