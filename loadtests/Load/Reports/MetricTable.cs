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
        metrics["undelivered"] = ledger.Undelivered;
        metrics["sent"] = ledger.Count;
        metrics["accepted"] = ledger.Accepted;
        metrics["delivered"] = ledger.Delivered;
        metrics["refused"] = ledger.Refused;
    }

    /// <summary>Rates of the measured time, and what it cost: left out if there was none.</summary>
    public static void Add(IDictionary<string, double> metrics, RunMeasures measures)
    {
        WorkSums work = WorkOf(measures);
        Counters.Tally measured = measures.Counters.Measured;
        metrics["errors"] = measures.Counters.ErrorCount;
        Add(metrics, work);
        metrics["reconnects"] = measures.Counters.All.Reconnects;
        metrics["resumed"] = measures.Resumed;
        metrics["engine.kbPerUser"] = measures.KilobytesPerUser;
        if (measures.Counters.Latencies["drain"].TotalCount > 0) metrics["drain.rate"] = DrainRate(measures);
        double seconds = measures.Samples.Seconds;
        if (seconds <= 0) return;
        metrics["registered"] = measures.RegisteredAtMeasure;
        metrics["offered.rate"] = Rate(measured.Offered, seconds);
        metrics["accepted.rate"] = Rate(measured.Accepted, seconds);
        metrics["delivered.rate"] = Rate(measured.Delivered, seconds);
        metrics["refresh.rate"] = Rate(measured.Refreshed, seconds);
        metrics["register.rate"] = Rate(measured.Registered, seconds);
        metrics["engine.cpu"] = Math.Round(work.EngineCpuSeconds / seconds, 3);
        // Of processes elsewhere nothing is known, which is not 0.
        double serverMemory = measures.Samples.MostMegabytes.Values.Sum();
        if (serverMemory > 0) (metrics["server.cpu"], metrics["server.memory"]) = (Math.Round(work.ServerCpuSeconds / seconds, 3), Math.Round(serverMemory, 1));
    }

    /// <summary>What some figures are ratios of.</summary>
    public static WorkSums WorkOf(RunMeasures measures)
    {
        Counters.Tally all = measures.Counters.All, measured = measures.Counters.Measured;
        return new WorkSums
        {
            Attempts = all.Sent + all.Registered + all.Refreshed,
            Operations = Math.Max(measured.Delivered, measured.Accepted) + measured.Refreshed + measured.Registered,
            EngineCpuSeconds = measures.Samples.OwnCpuSeconds,
            ServerCpuSeconds = measures.Samples.CpuSeconds.Values.Sum(),
        };
    }

    /// <summary>The ratios.</summary>
    public static void Add(IDictionary<string, double> metrics, WorkSums work)
    {
        metrics["errors.share"] = Math.Round(metrics["errors"] / Math.Max(1, work.Attempts), 6);
        if (work.Operations == 0) return;
        if (work.EngineCpuSeconds > 0) metrics["engine.cpuPerOperation"] = Math.Round(work.EngineCpuSeconds * 1e6 / work.Operations, 2);
        if (work.ServerCpuSeconds > 0) metrics["server.cpuPerOperation"] = Math.Round(work.ServerCpuSeconds * 1e6 / work.Operations, 2);
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
