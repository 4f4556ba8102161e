namespace Load.Scenarios;

/// <summary>The figures of a result, by the names that thresholds and comparisons use. They only ever grow.</summary>
internal static class MetricNames
{
    /// <summary>What is timed. Each has the figures of <see cref="Statistics"/>.</summary>
    public static readonly string[] Latencies = ["register", "away", "refresh", "keepalive", "accept", "accept.sip", "accept.post", "accept.grpc", "deliver", "drain", "lag"];

    /// <summary>Of each: lengths of time, and how many there were.</summary>
    public static readonly string[] Statistics = ["p50", "p90", "p95", "p99", "p99.9", "max", "mean", "count"];

    /// <summary>Numbers, rates a second and shares.</summary>
    public static readonly string[] Plain =
    [
        "lost", "duplicated", "storedTwice", "outOfOrder", "afterExpiry", "altered", "misdelivered", "redelivered", "undelivered", "unknown",
        "sent", "accepted", "delivered", "refused", "errors", "errors.share", "reconnects", "resumed",
        "offered.rate", "accepted.rate", "delivered.rate", "refresh.rate", "register.rate", "drain.rate",
        "registered", "engine.cpu", "engine.cpuPerOperation", "engine.kbPerUser", "server.cpu", "server.cpuPerOperation", "server.memory",
    ];

    public static bool IsDuration(string metric) =>
        metric.LastIndexOf('.') is > 0 and int dot && !metric.EndsWith(".count", StringComparison.Ordinal) && IsLatency(metric);

    public static bool IsKnown(string metric) => Plain.Contains(metric) || IsLatency(metric);

    public static string Describe() => $"{string.Join(", ", Plain)}, and {string.Join(", ", Statistics)} of {string.Join(", ", Latencies)} (deliver.p99)";

    private static bool IsLatency(string metric) =>
        Latencies.Any(name => metric.StartsWith(name + ".", StringComparison.Ordinal) && Statistics.Contains(metric[(name.Length + 1)..]));
}
