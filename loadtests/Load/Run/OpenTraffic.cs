using Load.Engine;
using Load.Scenarios;

namespace Load.Run;

/// <summary>The open model: when the next message of a stream is due, whatever became of those before it.</summary>
internal sealed class OpenTraffic(TrafficPlan plan, Random random)
{
    private readonly double _peak = plan.Rate * Math.Max(1, plan.Curve.DefaultIfEmpty(1).Max());
    private long _nextNs = long.MaxValue;

    public TrafficPlan Plan => plan;

    /// <summary>When it has something to say next.</summary>
    public long NextNs => _nextNs;

    public void Start(long nowNs) => _nextNs = nowNs + Gap();

    public void Stop() => _nextNs = long.MaxValue;

    /// <summary>The next that is due by now.</summary>
    public bool TryTake(long nowNs, PhaseClock phases, out long dueNs)
    {
        while (_nextNs <= nowNs)
        {
            dueNs = _nextNs;
            _nextNs += Gap();
            // Thinning: drawn at the highest rate, taken as often as the present one says. Exact for exponential gaps, even enough for equal ones.
            double factor = plan.Rate * phases.Factor(dueNs, plan.Curve) / _peak;
            if (factor >= 1 || random.NextDouble() < factor) return true;
        }

        dueNs = 0;
        return false;
    }

    private long Gap()
    {
        double gap = Clock.Second / _peak;
        return Math.Max(1, (long)(plan.Spacing == Spacing.Even ? gap : -Math.Log(1 - random.NextDouble()) * gap));
    }
}
