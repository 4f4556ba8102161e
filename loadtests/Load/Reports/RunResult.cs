using System.Text.Json.Serialization;
using Load.Ledger;
using Load.Measures;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>Everything that is kept of a run: <c>result.json</c>. Names only ever grow; <see cref="Format"/> changes if one must not.</summary>
internal sealed record RunResult
{
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    [JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]   // in capitals, as everywhere else
    public required Verdict Verdict { get; init; }

    /// <summary>Why, in sentences; none if everything held.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    public required DateTimeOffset Began { get; init; }

    public required double Seconds { get; init; }

    public required string Target { get; init; }

    /// <summary>The scenario as it was run, flags included.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>How long each phase lasted, seconds.</summary>
    public required IReadOnlyDictionary<string, double> Phases { get; init; }

    /// <summary>Every figure by the name that thresholds use: lengths of time in milliseconds. Without those of latency and rate if the verdict is INVALID.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    public required IReadOnlyList<ThresholdResult> Thresholds { get; init; }

    public required LedgerResult Ledger { get; init; }

    /// <summary>How often what went wrong.</summary>
    public required IReadOnlyDictionary<string, int> Errors { get; init; }

    /// <summary>What the generator saw and what the target's own metrics say of the same time, one beside the other.</summary>
    public required IReadOnlyList<ComparedCount> Counts { get; init; }

    /// <summary>What happened that was not traffic.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    public required IReadOnlyList<SeriesPoint> Series { get; init; }
}

/// <summary>What a run comes to.</summary>
internal enum Verdict
{
    /// <summary>The ledger is clean and every threshold held.</summary>
    PASSED,

    FAILED,

    /// <summary>The generator was late: its figures say nothing about the target, and are left out. The ledger stands.</summary>
    INVALID,
}

/// <param name="Value">Null if nothing was measured.</param>
internal sealed record ThresholdResult(string Text, double? Value, bool Held);

/// <param name="Server">Null if the target did not tell.</param>
internal sealed record ComparedCount(string Name, double Client, double? Server);

/// <summary>The ledger's sums and findings.</summary>
internal sealed record LedgerResult
{
    public required bool Clean { get; init; }

    public required int Messages { get; init; }

    public required int Accepted { get; init; }

    public required int Refused { get; init; }

    public required int Unknown { get; init; }

    public required int Delivered { get; init; }

    public required int Redelivered { get; init; }

    public required int Expired { get; init; }

    public required int Foreign { get; init; }

    /// <summary>How many of each kind.</summary>
    public required IReadOnlyDictionary<FindingKind, int> Counts { get; init; }

    /// <summary>Each with its ids, as many as the scenario keeps.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    public static LedgerResult Of(MessageLedger ledger) => new()
    {
        Clean = ledger.IsClean,
        Messages = ledger.Count,
        Accepted = ledger.Accepted,
        Refused = ledger.Refused,
        Unknown = ledger.Unknown,
        Delivered = ledger.Delivered,
        Redelivered = ledger.Redelivered,
        Expired = ledger.Expired,
        Foreign = ledger.Foreign,
        Counts = Enum.GetValues<FindingKind>().ToDictionary(static kind => kind, ledger.CountOf),
        Findings = ledger.Findings,
    };
}
