using System.Globalization;
using Load.Ledger;
using Load.Measures;
using Load.Run;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>Makes a result of what a run has left.</summary>
internal static class ResultBuilder
{
    public static RunResult Build(LoadRun run, RunMeasures measures, PrometheusScrape before, PrometheusScrape after)
    {
        SortedDictionary<string, double> metrics = new(StringComparer.Ordinal);
        MetricTable.Add(metrics, run.Ledger);
        MetricTable.Add(metrics, measures);
        foreach ((string name, HdrHistogram.LongHistogram histogram) in measures.Counters.Latencies.All) MetricTable.Add(metrics, name, histogram);
        ThresholdResult[] thresholds = [.. run.Scenario.Thresholds.Select(text => Judge(text, metrics))];
        string? invalid = measures.Invalid ?? WhyNotJudged(measures.LeftOut, thresholds);
        List<string> reasons = Reasons(LedgerResult.Of(run.Ledger), invalid, thresholds);
        Verdict verdict = VerdictOf(run.Ledger.IsClean, invalid, thresholds);
        RunResult result = new()
        {
            Verdict = verdict,
            Reasons = reasons,
            Invalid = invalid,
            StoppedEarly = measures.StoppedEarly,
            Began = measures.Began,
            Seconds = Seconds(measures.Phases.BeganNs(Phase.Done) - measures.BeganNs),
            Target = string.Create(CultureInfo.InvariantCulture, $"sip {run.Target.Sip}, api {run.Target.Api}"),
            Scenario = run.Scenario,
            Phases = Lengths(measures),
            Metrics = metrics,
            Work = MetricTable.WorkOf(measures),
            Thresholds = thresholds,
            Ledger = LedgerResult.Of(run.Ledger),
            Errors = new SortedDictionary<string, int>(measures.Counters.Errors.ToDictionary(), StringComparer.Ordinal),
            Counts = Compare(run.Ledger, measures.Counters, before, after),
            Notes = measures.Notes,
            Series = measures.Series,
        };
        return invalid is null ? result : WithoutSpeed(result);
    }

    /// <summary>What is left of a result whose generator was late: nothing by which its target could be judged, but for the ledger.</summary>
    public static RunResult WithoutSpeed(RunResult result) => result with
    {
        Metrics = new SortedDictionary<string, double>(result.Metrics.Where(static metric => !IsAboutSpeed(metric.Key)).ToDictionary(), StringComparer.Ordinal),
        Thresholds = [.. result.Thresholds.Select(static threshold => threshold with { Value = null, Held = false })],
        Series = [.. result.Series.Select(static point => point with { AcceptP50 = 0, AcceptP99 = 0, DeliverP50 = 0, DeliverP90 = 0, DeliverP99 = 0, DeliverMax = 0, RegisterP99 = 0 })],
    };

    /// <summary>Whether a figure means nothing once the generator was late. What the generator itself was like stays.</summary>
    public static bool IsAboutSpeed(string metric) =>
        !metric.StartsWith("lag.", StringComparison.Ordinal) && (MetricNames.IsDuration(metric) || metric.EndsWith(".rate", StringComparison.Ordinal) || metric.EndsWith("cpuPerOperation", StringComparison.Ordinal));

    public static Verdict VerdictOf(bool clean, string? invalid, IEnumerable<ThresholdResult> thresholds)
    {
        if (!clean) return Verdict.FAILED;   // lost is lost, however late the generator was
        if (invalid is not null) return Verdict.INVALID;
        return thresholds.All(static threshold => threshold.Held) ? Verdict.PASSED : Verdict.FAILED;
    }

    /// <summary>A threshold on times that were left out did not fail: nobody can tell.</summary>
    private static string? WhyNotJudged(IReadOnlyDictionary<string, string> leftOut, IEnumerable<ThresholdResult> thresholds) => leftOut
        .Where(left => thresholds.Any(threshold => threshold.Value is null && threshold.Text.TrimStart().StartsWith(left.Key + ".", StringComparison.Ordinal)))
        .Select(static left => left.Value)
        .FirstOrDefault();

    public static ThresholdResult Judge(string text, IReadOnlyDictionary<string, double> metrics)
    {
        _ = Threshold.TryParse(text, out Threshold threshold, out _);
        return metrics.TryGetValue(threshold.Metric, out double value) ? new ThresholdResult(text, value, threshold.Holds(value)) : new ThresholdResult(text, null, false);
    }

    public static List<string> Reasons(LedgerResult ledger, string? invalid, IEnumerable<ThresholdResult> thresholds)
    {
        List<string> reasons = [.. ledger.Counts.Where(static count => count.Value > 0).Select(static count => $"the ledger: {MetricTable.NameOf(count.Key)} {count.Value:N0}")];
        if (invalid is not null) reasons.Add(invalid);
        else reasons.AddRange(thresholds.Where(static threshold => !threshold.Held).Select(static threshold => threshold.Value is { } value
            ? string.Create(CultureInfo.InvariantCulture, $"{threshold.Text}: it was {value:0.###}")
            : $"{threshold.Text}: nothing of it was measured"));
        return reasons;
    }

    /// <summary>Sums over the whole run: what the target counts it counts from its start, so the difference is what came meanwhile, whoever sent it.</summary>
    private static ComparedCount[] Compare(MessageLedger ledger, Counters counters, PrometheusScrape before, PrometheusScrape after)
    {
        return
        [
            new("registrations (REGISTER with a new connection)", counters.All.Registered, Delta("edge_registers_total", "outcome=\"bound\"")),
            new("refreshes", counters.All.Refreshed, Delta("edge_registers_total", "outcome=\"refreshed\"")),
            new("messages accepted", ledger.Accepted, Delta("edge_messages_accepted_total", "edge_way")),
            new("messages delivered", ledger.Delivered, Delta("edge_deliveries_total", "outcome=\"accepted\"")),
        ];

        // A part that was started again has forgotten what it had counted.
        double? Delta(string name, string label) => after.Sum(name, label) is { } now && now >= (before.Sum(name, label) ?? 0) ? Math.Round(now - (before.Sum(name, label) ?? 0)) : null;
    }

    private static Dictionary<string, double> Lengths(RunMeasures measures)
    {
        Dictionary<string, double> lengths = new(StringComparer.Ordinal);
        Phase[] phases = [.. Enum.GetValues<Phase>().Where(phase => measures.Phases.BeganNs(phase) != 0)];
        for (int i = 0; i + 1 < phases.Length; i++) lengths[PhaseNames.Of(phases[i])] = Seconds(measures.Phases.BeganNs(phases[i + 1]) - measures.Phases.BeganNs(phases[i]));
        return lengths;
    }

    private static double Seconds(long ns) => Math.Round(ns / 1e9, 3);
}
