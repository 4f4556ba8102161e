using Load.Measures;
using Load.Reports;
using Load.Scenarios;
using Load.Tests.Harness;

namespace Load.Tests.Run;

/// <summary>A stall of the server is in the figures; a stall of the generator makes them INVALID. The processes are stopped by signals, so no load of the machine decides.</summary>
public sealed class HonestyTests : IDisposable
{
    private readonly TestCertificate _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Server_StoppedForThreeSeconds_ShowsInTheLatency()
    {
        Kit kit = new(_files);
        await using Child server = new(kit.Server, _files.CertificateFile, _files.KeyFile);
        int port = int.Parse(await server.FirstLineAsync(), null);
        Task<RunResult> running = Scenes.RunAsync(Scenes.Sip(100, 50, TimeSpan.FromSeconds(8)), Scenes.Target(port, _files));
        await Task.Delay(TimeSpan.FromSeconds(3));
        server.Signal("STOP");
        await Task.Delay(TimeSpan.FromSeconds(3));
        server.Signal("CONT");
        RunResult result = await running;

        // 3 of 8 s were due while it stood still: their times count from when they were due, so a hundredth has waited for nearly all of it.
        Assert.Equal((Verdict.PASSED, true), (result.Verdict, result.Ledger.Clean));
        Assert.InRange(result.Metrics["deliver.p99"], 2_000, 60_000);
        Assert.InRange(result.Metrics["deliver.max"], 2_500, 60_000);
        Assert.InRange(result.Metrics["accept.p90"], 500, 60_000);
        Assert.InRange(result.Metrics["offered.rate"], 80, 120);   // the open model does not wait for it
    }

    [Fact]
    public async Task Generator_StoppedHalfOfTheTime_IsInvalidAndGivesNoFigures()
    {
        Kit kit = new(_files);
        using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = _files.Load();
        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan(), certificate);
        Scenario scene = Scenes.Sip(100, 50, TimeSpan.FromSeconds(5)) with { Honesty = new HonestyPlan(), Thresholds = ["deliver.p99 < 1s"] };
        await using Child generator = kit.Run(scene, server.Port);
        while (server.Messages == 0 && !generator.HasExited) await Task.Delay(20);
        while (server.Messages < 400 && !generator.HasExited)
        {
            generator.Signal("STOP");
            await Task.Delay(300);
            generator.Signal("CONT");
            await Task.Delay(300);
        }

        Assert.Equal(ExitCodes.Invalid, await generator.ExitAsync());
        RunResult result = kit.Result;
        Assert.Equal((Verdict.INVALID, true), (result.Verdict, result.Ledger.Clean));
        Assert.Contains(result.Reasons, reason => reason.StartsWith("the generator was late", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Metrics.Keys, ResultBuilder.IsAboutSpeed);
        Assert.All(result.Series, point => Assert.Equal((0, 0), (point.DeliverP99, point.AcceptP99)));
        Assert.Null(Assert.Single(result.Thresholds).Value);
        Assert.True(result.Metrics["lag.p99"] > 50);
    }

    [Theory]
    [InlineData(49, 900, false)]
    [InlineData(51, 900, true)]
    [InlineData(10, 1_001, true)]
    public void Lag_BeyondWhatIsAllowed_IsInvalid(double p99, double max, bool invalid) =>
        Assert.Equal(invalid, LagMeter.WhyInvalid(new HonestyPlan(), new LatencyFigures(100, 1, 1, 1, p99, p99, max, 1)) is not null);

    /// <summary>Times of registrations and of the drain come from outside the measured time: lateness there leaves them out, and a threshold on them then says INVALID.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("register.p99 < 1m")]
    public async Task Generator_LateWhileUsersRegister_LeavesTheirTimesOut(string? threshold)
    {
        Kit kit = new(_files);
        using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = _files.Load();
        Child? generator = null;
        int asked = 0;
        // It stands still while it waits for one answer in the middle, so the lateness lies where everybody registers and nowhere else.
        bool StandStill(string user)
        {
            if (Interlocked.Increment(ref asked) != 50) return false;
            Child registering = Volatile.Read(ref generator)!;
            registering.Signal("STOP");
            Thread.Sleep(3_000);
            registering.Signal("CONT");
            return false;
        }

        await using FaultyServer.FaultyServer server = new(new FaultyServer.FaultPlan { Refuses = StandStill }, certificate);
        Scenario scene = Scenes.Sip(0, 50, TimeSpan.FromMilliseconds(1)) with
        {
            Traffic = [],
            Registration = new RegistrationPlan { InFlight = 1 },
            Honesty = Scenes.Patient with { LagMax = TimeSpan.FromSeconds(2) },
            Thresholds = threshold is null ? [] : [threshold],
        };
        await using Child child = kit.Run(scene, server.Port);
        Volatile.Write(ref generator, child);

        Assert.Equal(threshold is null ? ExitCodes.Passed : ExitCodes.Invalid, await child.ExitAsync());
        RunResult result = kit.Result;
        Assert.False(result.Metrics.ContainsKey("register.p99"));
        Assert.Contains(result.Notes, note => note.Contains("times left out: register", StringComparison.Ordinal));
        Assert.All(result.Series.Where(point => point.Phase == "register"), point => Assert.Equal(0, point.RegisterP99));
        Assert.Equal(threshold is null ? Verdict.PASSED : Verdict.INVALID, result.Verdict);
    }

    /// <summary>Ten looks at the thread pool a second, among thousands of messages that left in time.</summary>
    [Fact]
    public void Lag_OfThePoolAlone_DoesNotDrownInWhatWasInTime()
    {
        LatencySet latencies = new();
        LagMeter lag = new(new HonestyPlan(), latencies["lag"]);
        for (int i = 0; i < 10_000; i++) lag.Done(0, 1_000_000, LagWindow.Measure);
        for (int i = 0; i < 20; i++) lag.PoolWaited(100_000_000, LagWindow.Measure);
        Assert.InRange(LatencyFigures.At(latencies["lag"], 99), 0, 2);
        Assert.Contains("thread pool", lag.WhyInvalid(LagWindow.Measure), StringComparison.Ordinal);
        Assert.Null(lag.WhyInvalid(LagWindow.Drain));
    }

    [Fact]
    public void Lag_OfAStandstill_CountsForEachProbeThatWasDueInIt()
    {
        LatencySet latencies = new();
        LagMeter lag = new(new HonestyPlan(), latencies["lag"]);
        for (long ms = 0; ms < 1_000; ms += 10) lag.Probe((ms * 1_000_000) + 1, LagWindow.Measure);
        Assert.Null(lag.WhyInvalid(LagWindow.Measure));
        lag.Probe(4_000L * 1_000_000, LagWindow.Measure);
        Assert.NotNull(lag.WhyInvalid(LagWindow.Measure));
        Assert.InRange(latencies["lag"].TotalCount, 390, 402);
        Assert.InRange(LatencyFigures.At(latencies["lag"], 50), 1_000, 2_000);   // the middle one waited half of the three seconds, about
    }
}
