using System.Text.Json;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>Two results of one scenario, figure by figure: whether the second is worse than the first by more than is allowed.</summary>
internal static class Comparison
{
    /// <summary>What is compared, and whether more of it is better. Figures that only describe the load are not.</summary>
    private static readonly (string Metric, bool MoreIsBetter)[] Compared =
    [
        .. MetricNames.Latencies.Where(static name => name != "lag").SelectMany(static name => (string[])[$"{name}.p50", $"{name}.p99"]).Select(static metric => (metric, false)),
        ("accepted.rate", true), ("delivered.rate", true), ("refresh.rate", true), ("drain.rate", true),
        ("errors.share", false), ("server.cpuPerOperation", false), ("server.memory", false),
    ];

    private const double LeastMilliseconds = 1;   // below it a clock, a scheduler or a page fault decides
    private const double LeastSamples = 100;      // of fewer a 99th percentile is the largest

    /// <summary>What was not the same in how they were run; none of it may differ, or the figures say something about that.</summary>
    public static IReadOnlyList<string> Differences(RunResult before, RunResult after)
    {
        Dictionary<string, JsonElement> one = Parts(before.Scenario), other = Parts(after.Scenario);
        List<string> differences = [.. one.Keys.Where(key => !JsonElement.DeepEquals(one[key], other[key]))];
        if (before.StoppedEarly || after.StoppedEarly) differences.Add("one was stopped early");
        return differences;

        // Not what is asked of a run, nor which users it had.
        static Dictionary<string, JsonElement> Parts(Scenario scenario) => JsonSerializer.SerializeToElement(
            scenario with { Description = string.Empty, Seed = 0, Thresholds = [], Caps = new CapPlan(), Honesty = new HonestyPlan(), Users = scenario.Users with { First = 0 } }, ScenarioFile.Json)
            .EnumerateObject().ToDictionary(static part => part.Name, static part => part.Value);
    }

    /// <param name="allowed">0.1: a tenth worse is allowed.</param>
    public static IReadOnlyList<ComparedFigure> Compare(RunResult before, RunResult after, double allowed)
    {
        List<ComparedFigure> figures = [];
        foreach ((string metric, bool moreIsBetter) in Compared)
        {
            if (!before.Metrics.TryGetValue(metric, out double was) || !after.Metrics.TryGetValue(metric, out double isNow)) continue;
            double worse = was == 0 ? (isNow == 0 ? 0 : 1) : (isNow - was) / was;
            if (moreIsBetter) worse = -worse;
            figures.Add(new ComparedFigure(metric, was, isNow, worse, worse > allowed && IsEnough(metric, before, after)));
        }

        return figures;
    }

    /// <summary>A time that is worse by less than that, or of fewer, is noise.</summary>
    private static bool IsEnough(string metric, RunResult before, RunResult after)
    {
        if (!MetricNames.IsDuration(metric)) return true;
        string count = metric[..metric.LastIndexOf('.')] + ".count";
        return after.Metrics[metric] - before.Metrics[metric] >= LeastMilliseconds
            && Math.Min(before.Metrics.GetValueOrDefault(count), after.Metrics.GetValueOrDefault(count)) >= LeastSamples;
    }
}

/// <param name="Worse">By which part it is worse; negative: better.</param>
internal sealed record ComparedFigure(string Metric, double Before, double After, double Worse, bool TooMuch);
