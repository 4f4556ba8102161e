using Load.Scenarios;

namespace Load.Sessions;

/// <summary>What another runner cannot do of a scenario: refused, rather than half done.</summary>
internal static class AdapterChecks
{
    /// <summary>What a session times itself.</summary>
    private static readonly string[] Times = ["register", "refresh", "keepalive", "accept", "accept.sip", "accept.post", "accept.grpc", "deliver", "drain"];

    /// <summary>What a session counts itself.</summary>
    private static readonly string[] Numbers =
    [
        "lost", "duplicated", "storedTwice", "outOfOrder", "afterExpiry", "altered", "misdelivered", "redelivered", "undelivered", "unknown",
        "sent", "accepted", "delivered", "refused", "registered", "errors", "errors.share",
    ];

    /// <exception cref="ScenarioException">With everything that cannot be done.</exception>
    public static void Require(Scenario scenario)
    {
        List<string> faults = [];
        if (scenario.Traffic.Count == 0) faults.Add("traffic: there is none, and nothing else is a step");
        if (scenario.Events.Count > 0) faults.Add("events: they are not run under another runner");
        foreach (string text in scenario.Thresholds)
        {
            if (Threshold.TryParse(text, out Threshold threshold, out _) && !IsJudged(threshold.Metric)) faults.Add($"thresholds: \"{text}\" cannot be judged under another runner");
        }

        if (faults.Count > 0) throw new ScenarioException($"The scenario {scenario.Name} cannot be run under another runner; loadtests/load run can, or a copy of its file without these:\n  {string.Join("\n  ", faults)}");
    }

    private static bool IsJudged(string metric) => Numbers.Contains(metric) || Times.Any(name => metric.StartsWith(name + ".", StringComparison.Ordinal));
}
