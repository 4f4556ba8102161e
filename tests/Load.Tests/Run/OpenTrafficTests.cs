using Load.Engine;
using Load.Run;
using Load.Scenarios;

namespace Load.Tests.Run;

/// <summary>The open model's arrivals, on a clock of the test's own.</summary>
public sealed class OpenTrafficTests
{
    private static readonly PhasePlan Phases = new() { Ramp = TimeSpan.FromSeconds(10), WarmUp = TimeSpan.FromSeconds(10), Measure = TimeSpan.FromSeconds(100), CoolDown = TimeSpan.FromSeconds(10) };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Arrivals_InEachPhase_AreAsManyAsItsHeightSays(bool even)
    {
        List<long> due = Arrivals(new TrafficPlan { Name = "t", Rate = 200, Spacing = even ? Spacing.Even : Spacing.Poisson }, seed: 1);
        Assert.InRange(Between(due, 0, 10), 850, 1_150);        // half of 2,000: rising
        Assert.InRange(Between(due, 10, 20), 1_850, 2_150);
        Assert.InRange(Between(due, 20, 120), 19_500, 20_500);
        Assert.InRange(Between(due, 120, 130), 850, 1_150);     // falling
    }

    [Fact]
    public void Arrivals_WithTheSameSeed_AreTheSame()
    {
        TrafficPlan plan = new() { Name = "t", Rate = 100 };
        Assert.Equal(Arrivals(plan, seed: 7), Arrivals(plan, seed: 7));
        Assert.NotEqual(Arrivals(plan, seed: 7), Arrivals(plan, seed: 8));
    }

    [Fact]
    public void Arrivals_AlongACurve_FollowIt()
    {
        List<long> due = Arrivals(new TrafficPlan { Name = "t", Rate = 100, Curve = [0, 2, 0, 1] }, seed: 1);
        Assert.InRange(Between(due, 20, 45), 2_250, 2_750);     // 0 to 2: 1 on average over 25 s
        Assert.InRange(Between(due, 43, 47), 700, 850);         // about its peak of 200 a second
        Assert.InRange(Between(due, 69, 71), 0, 30);
        Assert.InRange(Between(due, 95, 120), 1_100, 1_400);    // 1 to 0, where the day began
    }

    /// <summary>What was due while the generator stood still is still due, each at its own time.</summary>
    [Fact]
    public void Arrivals_AfterAStandstill_AreDueWhenTheyWere()
    {
        PhaseClock phases = At(Phase.Measure, 0);
        OpenTraffic traffic = new(new TrafficPlan { Name = "t", Rate = 10, Spacing = Spacing.Even }, new Random(1));
        traffic.Start(0);
        List<long> due = [];
        while (traffic.TryTake(3 * Clock.Second, phases, out long one)) due.Add(one);
        Assert.Equal(Enumerable.Range(1, 30).Select(i => i * Clock.Second / 10), due);
        Assert.True(traffic.NextNs > 3 * Clock.Second);
    }

    private static PhaseClock At(Phase phase, long beganNs)
    {
        PhaseClock phases = new(Phases);
        phases.Enter(phase, beganNs);
        return phases;
    }

    private static List<long> Arrivals(TrafficPlan plan, int seed)
    {
        PhaseClock phases = At(Phase.Ramp, 0);
        OpenTraffic traffic = new(plan, new Random(seed));
        traffic.Start(0);
        List<long> due = [];
        for (long now = 0; now <= 130 * Clock.Second; now += 10 * Clock.Millisecond)
        {
            if (now >= phases.EndsNs && phases.Now < Phase.CoolDown) phases.Enter(phases.Now + 1, now);
            while (traffic.TryTake(now, phases, out long one)) due.Add(one);
        }

        return due;
    }

    private static int Between(List<long> due, int from, int to) => due.Count(one => one >= from * Clock.Second && one < to * Clock.Second);
}
