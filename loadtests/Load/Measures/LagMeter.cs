using HdrHistogram;
using Load.Engine;
using Load.Scenarios;

namespace Load.Measures;

/// <summary>How late the generator itself was: with what was due, and with a probe of its own. Late reading of the clock is late reading of the sockets.</summary>
internal sealed class LagMeter(HonestyPlan plan, LongHistogram measured)
{
    private const long EveryNs = 10 * Clock.Millisecond;

    private readonly Dictionary<LagWindow, LongHistogram> _windows = new()
    {
        [LagWindow.Register] = new LongHistogram(1, measured.HighestTrackableValue, 3),
        [LagWindow.Measure] = measured,
        [LagWindow.Drain] = new LongHistogram(1, measured.HighestTrackableValue, 3),
    };

    private long _probeNs;
    private long _worstNs;        // of this second
    private long _poolWorstNs;

    /// <summary>When it wants to be asked next.</summary>
    public long NextNs => _probeNs;

    /// <summary>Something was due and is done now.</summary>
    public void Done(long dueNs, long nowNs, LagWindow window)
    {
        long late = Math.Max(0, nowNs - dueNs);
        _worstNs = Math.Max(_worstNs, late);
        if (_windows.TryGetValue(window, out LongHistogram? histogram)) LatencySet.Record(histogram, late);
    }

    /// <summary>One of the probes, which come whatever the load.</summary>
    public void Probe(long nowNs, LagWindow window)
    {
        if (nowNs < _probeNs) return;
        if (_probeNs != 0)
        {
            // A standstill holds up each probe that was due in it.
            for (long due = _probeNs; due <= nowNs; due += EveryNs) Done(due, nowNs, window);
        }

        _probeNs = nowNs + EveryNs;
    }

    /// <summary>So long work waited for a thread of the pool, which HTTPS and gRPC run on.</summary>
    public void PoolWaited(long ns, LagWindow window)
    {
        _poolWorstNs = Math.Max(_poolWorstNs, ns);
        Done(0, ns, window);
    }

    /// <summary>The worst since the last call, milliseconds.</summary>
    public double TakeWorst()
    {
        double worst = Math.Round(Math.Max(_worstNs, _poolWorstNs) / 1e6, 3);
        (_worstNs, _poolWorstNs) = (0, 0);
        return worst;
    }

    /// <returns>Why the figures of this part of the run say nothing about its target; null if they do.</returns>
    public string? WhyInvalid(LagWindow window) => WhyInvalid(plan, LatencyFigures.Of(_windows[window]));

    /// <inheritdoc cref="WhyInvalid(LagWindow)"/>
    public static string? WhyInvalid(HonestyPlan plan, LatencyFigures lag)
    {
        if (lag.Count == 0) return null;
        if (lag.P99 > plan.LagP99.TotalMilliseconds)
        {
            return $"the generator was late: 99 % of what was due was done within {lag.P99:0} ms, allowed are {plan.LagP99.TotalMilliseconds:0} ms";
        }

        return lag.Max > plan.LagMax.TotalMilliseconds ? $"the generator stood still for {lag.Max:0} ms, allowed are {plan.LagMax.TotalMilliseconds:0} ms" : null;
    }
}

/// <summary>The parts of a run that figures come from; the generator's lateness is judged in each.</summary>
internal enum LagWindow
{
    /// <summary>Between them: nothing of it is in a figure.</summary>
    None,

    /// <summary>Until everybody is online: times of registrations.</summary>
    Register,

    Measure,

    /// <summary>The end: times of what had waited.</summary>
    Drain,
}
