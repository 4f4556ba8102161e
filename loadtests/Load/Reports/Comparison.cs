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

    /// <param name="allowed">0.1: a tenth worse is allowed.</param>
    public static IReadOnlyList<ComparedFigure> Compare(RunResult before, RunResult after, double allowed)
    {
        List<ComparedFigure> figures = [];
        foreach ((string metric, bool moreIsBetter) in Compared)
        {
            if (!before.Metrics.TryGetValue(metric, out double was) || !after.Metrics.TryGetValue(metric, out double isNow)) continue;
            double worse = was == 0 ? (isNow == 0 ? 0 : 1) : (isNow - was) / was;
            if (moreIsBetter) worse = -worse;
            figures.Add(new ComparedFigure(metric, was, isNow, worse, worse > allowed));
        }

        return figures;
    }
}

/// <param name="Worse">By which part it is worse; negative: better.</param>
internal sealed record ComparedFigure(string Metric, double Before, double After, double Worse, bool TooMuch);
