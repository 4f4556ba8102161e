using Load.Ledger;
using Load.Measures;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>Makes one result of those of several processes that ran one scenario at the same time, each with users of its own.</summary>
/// <remarks>Numbers and rates are sums. Times come from the histograms, added up: percentiles of percentiles would mean nothing. In the plots a second's time is the worst of the processes'.</remarks>
internal static class Merge
{
    /// <summary>Figures that every process measures of the same target: not to be added.</summary>
    private static readonly string[] Shared = ["server.cpu", "server.memory", "engine.kbPerUser"];

    /// <summary>Made anew of the sums.</summary>
    private static readonly string[] Ratios = ["errors.share", "engine.cpuPerOperation", "server.cpuPerOperation"];

    /// <exception cref="ScenarioException">They do not belong together.</exception>
    public static RunResult Of(IReadOnlyList<RunResult> results, LatencySet latencies)
    {
        if (results.Count == 0) throw new ScenarioException("Nothing to merge.");
        RunResult first = results[0];
        if (results.Any(result => result.Scenario.Name != first.Scenario.Name)) throw new ScenarioException("These are results of different scenarios.");
        RequireUsersOfTheirOwn(results);
        LedgerResult ledger = LedgerOf(results);
        WorkSums work = WorkOf(results);
        SortedDictionary<string, double> metrics = MetricsOf(results, work, latencies);
        string? invalid = LagMeter.WhyInvalid(first.Scenario.Honesty, LatencyFigures.Of(latencies["lag"])) ?? (results.Any(static result => result.Invalid is not null) ? "one of the processes was late" : null);
        ThresholdResult[] thresholds = [.. first.Scenario.Thresholds.Select(text => ResultBuilder.Judge(text, metrics))];
        RunResult merged = first with
        {
            Verdict = ResultBuilder.VerdictOf(ledger.Clean, invalid, thresholds),
            Reasons = ResultBuilder.Reasons(ledger, invalid, thresholds),
            Invalid = invalid,
            StoppedEarly = results.Any(static result => result.StoppedEarly),
            Began = results.Min(static result => result.Began),
            Seconds = results.Max(static result => result.Seconds),
            Scenario = first.Scenario with { Users = first.Scenario.Users with { Count = results.Sum(static result => result.Scenario.Users.Count), First = results.Min(static result => result.Scenario.Users.First) } },
            Metrics = metrics,
            Work = work,
            Thresholds = thresholds,
            Ledger = ledger,
            Errors = Sum(results.Select(static result => result.Errors)),
            Counts = [.. first.Counts.Select((count, i) => count with { Client = results.Sum(result => result.Counts[i].Client), Server = results.Max(result => result.Counts[i].Server) })],
            Notes = [.. results.SelectMany(static (result, i) => result.Notes.Select(note => $"process {i + 1}: {note}"))],
            Series = SeriesOf(results),
        };
        return invalid is null ? merged : ResultBuilder.WithoutSpeed(merged);
    }

    private static SortedDictionary<string, double> MetricsOf(IReadOnlyList<RunResult> results, WorkSums work, LatencySet latencies)
    {
        SortedDictionary<string, double> metrics = new(StringComparer.Ordinal);
        foreach (string name in MetricNames.Plain.Except(Ratios))
        {
            double[] values = [.. results.Where(result => result.Metrics.ContainsKey(name)).Select(result => result.Metrics[name])];
            if (values.Length == 0) continue;
            metrics[name] = Math.Round(Shared.Contains(name) ? values.Max() : values.Sum(), 6);
        }

        MetricTable.Add(metrics, work);

        foreach ((string name, HdrHistogram.LongHistogram histogram) in latencies.All) MetricTable.Add(metrics, name, histogram);
        return metrics;
    }

    /// <summary>The generators are several, their target is one.</summary>
    private static WorkSums WorkOf(IReadOnlyList<RunResult> results) => new()
    {
        Attempts = results.Sum(static result => result.Work.Attempts),
        Operations = results.Sum(static result => result.Work.Operations),
        EngineCpuSeconds = results.Sum(static result => result.Work.EngineCpuSeconds),
        ServerCpuSeconds = results.Max(static result => result.Work.ServerCpuSeconds),
    };

    /// <summary>Users of two runs, or one run twice, would be counted double.</summary>
    private static void RequireUsersOfTheirOwn(IReadOnlyList<RunResult> results)
    {
        RunResult[] sorted = [.. results.OrderBy(static result => result.Scenario.Users.First)];
        for (int i = 1; i < sorted.Length; i++)
        {
            UserPlan one = sorted[i - 1].Scenario.Users, other = sorted[i].Scenario.Users;
            if (sorted[i - 1].Began == sorted[i].Began && one.First == other.First) throw new ScenarioException("One of the runs is given twice.");
            if (one.First + one.Count > other.First) throw new ScenarioException($"Two of the runs share users: numbers {one.First:N0} to {one.First + one.Count - 1:N0}, and {other.First:N0} to {other.First + other.Count - 1:N0}. Each needs a range of its own (--first-user).");
        }
    }

    private static LedgerResult LedgerOf(IReadOnlyList<RunResult> results) => new()
    {
        Clean = results.All(static result => result.Ledger.Clean),
        Messages = results.Sum(static result => result.Ledger.Messages),
        Accepted = results.Sum(static result => result.Ledger.Accepted),
        Refused = results.Sum(static result => result.Ledger.Refused),
        Unknown = results.Sum(static result => result.Ledger.Unknown),
        Delivered = results.Sum(static result => result.Ledger.Delivered),
        Redelivered = results.Sum(static result => result.Ledger.Redelivered),
        Expired = results.Sum(static result => result.Ledger.Expired),
        Foreign = results.Sum(static result => result.Ledger.Foreign),
        Undelivered = results.Sum(static result => result.Ledger.Undelivered),
        Counts = Enum.GetValues<FindingKind>().ToDictionary(static kind => kind, kind => results.Sum(result => result.Ledger.Counts.GetValueOrDefault(kind))),
        Findings = [.. results.SelectMany(static result => result.Ledger.Findings)],
    };

    private static SeriesPoint[] SeriesOf(IReadOnlyList<RunResult> results)
    {
        int seconds = results.Max(static result => result.Series.Count);
        return [.. Enumerable.Range(0, seconds).Select(second => PointOf([.. results.Where(result => result.Series.Count > second).Select(result => result.Series[second])]))];
    }

    private static SeriesPoint PointOf(SeriesPoint[] points) => points[0] with
    {
        Offered = points.Sum(static p => p.Offered),
        Sent = points.Sum(static p => p.Sent),
        Accepted = points.Sum(static p => p.Accepted),
        Delivered = points.Sum(static p => p.Delivered),
        Refreshed = points.Sum(static p => p.Refreshed),
        Registered = points.Sum(static p => p.Registered),
        Connections = points.Sum(static p => p.Connections),
        Online = points.Sum(static p => p.Online),
        Outstanding = points.Sum(static p => p.Outstanding),
        Errors = Sum(points.Select(static p => p.Errors)),
        AcceptP50 = points.Max(static p => p.AcceptP50),
        AcceptP99 = points.Max(static p => p.AcceptP99),
        DeliverP50 = points.Max(static p => p.DeliverP50),
        DeliverP90 = points.Max(static p => p.DeliverP90),
        DeliverP99 = points.Max(static p => p.DeliverP99),
        DeliverMax = points.Max(static p => p.DeliverMax),
        RegisterP99 = points.Max(static p => p.RegisterP99),
        LagMax = points.Max(static p => p.LagMax),
        EngineCpu = points.Sum(static p => p.EngineCpu),
    };

    private static SortedDictionary<string, int> Sum(IEnumerable<IReadOnlyDictionary<string, int>> counts)
    {
        SortedDictionary<string, int> sum = new(StringComparer.Ordinal);
        foreach ((string name, int count) in counts.SelectMany(static one => one)) sum[name] = sum.GetValueOrDefault(name) + count;
        return sum;
    }
}
