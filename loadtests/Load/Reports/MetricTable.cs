using HdrHistogram;
using Load.Ledger;
using Load.Measures;
using Load.Run;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>Makes the figures of a run, by the names of <see cref="MetricNames"/>.</summary>
internal static class MetricTable
{
    private static readonly Dictionary<string, Func<LatencyFigures, double>> Statistics = new(StringComparer.Ordinal)
    {
        ["p50"] = static f => f.P50,
        ["p90"] = static f => f.P90,
        ["p95"] = static f => f.P95,
        ["p99"] = static f => f.P99,
        ["p99.9"] = static f => f.P999,
        ["max"] = static f => f.Max,
        ["mean"] = static f => f.Mean,
        ["count"] = static f => f.Count,
    };

    /// <summary>Those of histograms; a name without values is left out.</summary>
    public static void Add(IDictionary<string, double> metrics, string name, HistogramBase histogram)
    {
        LatencyFigures figures = LatencyFigures.Of(histogram);
        if (figures.Count == 0) return;
        foreach ((string statistic, Func<LatencyFigures, double> of) in Statistics) metrics[$"{name}.{statistic}"] = of(figures);
    }

    public static void Add(IDictionary<string, double> metrics, MessageLedger ledger)
    {
        foreach (FindingKind kind in Enum.GetValues<FindingKind>()) metrics[NameOf(kind)] = ledger.CountOf(kind);
        metrics["redelivered"] = ledger.Redelivered;
        metrics["unknown"] = ledger.Unknown;
        metrics["sent"] = ledger.Count;
        metrics["accepted"] = ledger.Accepted;
        metrics["delivered"] = ledger.Delivered;
        metrics["refused"] = ledger.Refused;
    }

    /// <summary>Rates of the measured time, and what it cost.</summary>
    public static void Add(IDictionary<string, double> metrics, RunMeasures measures)
    {
        double seconds = Math.Max(measures.Samples.Seconds, 1e-9);
        Counters.Tally measured = measures.Counters.Measured;
        metrics["errors"] = measures.Counters.ErrorCount;
        metrics["errors.share"] = Math.Round(measures.Counters.ErrorCount / Math.Max(1.0, measures.Counters.All.Sent + measures.Counters.All.Registered + measures.Counters.All.Refreshed), 6);
        metrics["reconnects"] = measures.Counters.All.Reconnects;
        metrics["resumed"] = measures.Resumed;
        metrics["registered"] = measures.RegisteredAtMeasure;
        metrics["offered.rate"] = Rate(measured.Offered, seconds);
        metrics["accepted.rate"] = Rate(measured.Accepted, seconds);
        metrics["delivered.rate"] = Rate(measured.Delivered, seconds);
        metrics["refresh.rate"] = Rate(measured.Refreshed, seconds);
        metrics["register.rate"] = Rate(measured.Registered, seconds);
        if (measures.Counters.Latencies["drain"].TotalCount > 0) metrics["drain.rate"] = DrainRate(measures);
        int operations = Math.Max(measured.Delivered, measured.Accepted) + measured.Refreshed + measured.Registered;
        double serverCpu = measures.Samples.CpuSeconds.Values.Sum();
        metrics["engine.cpu"] = Math.Round(measures.Samples.OwnCpuSeconds / seconds, 3);
        metrics["engine.kbPerUser"] = measures.KilobytesPerUser;
        metrics["server.cpu"] = Math.Round(serverCpu / seconds, 3);
        metrics["server.memory"] = Math.Round(measures.Samples.MostMegabytes.Values.Sum(), 1);
        if (operations == 0) return;
        metrics["engine.cpuPerOperation"] = Math.Round(measures.Samples.OwnCpuSeconds * 1e6 / operations, 2);
        metrics["server.cpuPerOperation"] = Math.Round(serverCpu * 1e6 / operations, 2);
    }

    /// <summary>As thresholds write it.</summary>
    public static string NameOf(FindingKind kind) => kind switch
    {
        FindingKind.Lost => "lost",
        FindingKind.Duplicated => "duplicated",
        FindingKind.StoredTwice => "storedTwice",
        FindingKind.OutOfOrder => "outOfOrder",
        FindingKind.AfterExpiry => "afterExpiry",
        FindingKind.Altered => "altered",
        _ => "misdelivered",
    };

    private static double Rate(int count, double seconds) => Math.Round(count / seconds, 2);

    /// <summary>Messages a second, from the beginning of the drain to the last that came in it.</summary>
    private static double DrainRate(RunMeasures measures)
    {
        SeriesPoint[] drain = [.. measures.Series.Where(static point => point.Phase == PhaseNames.Of(Phase.Drain) && point.Delivered > 0)];
        if (drain.Length == 0) return 0;
        double began = (measures.Phases.BeganNs(Phase.Drain) - measures.BeganNs) / 1e9;
        return Math.Round(drain.Sum(static point => point.Delivered) / Math.Max(0.1, drain[^1].At - began), 1);
    }
}
