using HdrHistogram;
using Load.Engine;
using Load.Scenarios;

namespace Load.Measures;

/// <summary>How late the generator itself was: with what was due, and with a probe of its own. Late reading of the clock is late reading of the sockets.</summary>
internal sealed class LagMeter(HonestyPlan plan, LongHistogram measured)
{
    private const long EveryNs = 10 * Clock.Millisecond;

    private readonly Dictionary<(LagWindow, LagSource), LongHistogram> _histograms = new()
    {
        [(LagWindow.Register, LagSource.Probe)] = New(measured),
        [(LagWindow.Measure, LagSource.Probe)] = New(measured),
        [(LagWindow.Drain, LagSource.Probe)] = New(measured),
        [(LagWindow.Measure, LagSource.Due)] = New(measured),
        [(LagWindow.Register, LagSource.Pool)] = New(measured),
        [(LagWindow.Measure, LagSource.Pool)] = New(measured),
        [(LagWindow.Drain, LagSource.Pool)] = New(measured),
    };

    private long _probeNs;
    private long _worstNs;        // of this second

    /// <summary>When it wants to be asked next.</summary>
    public long NextNs => _probeNs;

    /// <summary>Something was due and is done now.</summary>
    public void Done(long dueNs, long nowNs, LagWindow window) => Record(LagSource.Due, nowNs - dueNs, window);

    /// <summary>One of the probes, which come whatever the load.</summary>
    public void Probe(long nowNs, LagWindow window)
    {
        if (nowNs < _probeNs) return;
        if (_probeNs != 0)
        {
            // A standstill holds up each probe that was due in it.
            for (long due = _probeNs; due <= nowNs; due += EveryNs) Record(LagSource.Probe, nowNs - due, window);
        }

        _probeNs = nowNs + EveryNs;
    }

    /// <summary>So long work waited for a thread of the pool, which HTTPS and gRPC run on.</summary>
    public void PoolWaited(long ns, LagWindow window) => Record(LagSource.Pool, ns, window);

    /// <summary>The worst since the last call, milliseconds.</summary>
    public double TakeWorst()
    {
        double worst = Math.Round(_worstNs / 1e6, 3);
        _worstNs = 0;
        return worst;
    }

    /// <returns>Why the figures of this part of the run say nothing about its target; null if they do.</returns>
    public string? WhyInvalid(LagWindow window) => _histograms
        .Where(one => one.Key.Item1 == window)
        .Select(one => WhyInvalid(plan, LatencyFigures.Of(one.Value)) is { } why ? why + (one.Key.Item2 == LagSource.Pool ? " (its thread pool, which POST and gRPC run on)" : string.Empty) : null)
        .FirstOrDefault(static why => why is not null);

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

    private static LongHistogram New(LongHistogram like) => new(1, like.HighestTrackableValue, 3);

    private void Record(LagSource source, long ns, LagWindow window)
    {
        long late = Math.Max(0, ns);
        _worstNs = Math.Max(_worstNs, late);
        if (!_histograms.TryGetValue((window, source), out LongHistogram? histogram)) return;
        LatencySet.Record(histogram, late);
        if (window == LagWindow.Measure) LatencySet.Record(measured, late);
    }

    /// <summary>Each is judged by itself: few that are late must not drown in many that are not.</summary>
    private enum LagSource
    {
        Due,
        Probe,
        Pool,
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
