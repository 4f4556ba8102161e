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

    /// <summary>Why the generator's figures say nothing about the target; null if they do. Stands beside a ledger that is not clean, which is what the verdict then says.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Invalid { get; init; }

    /// <summary>Somebody stopped it: its measured time is shorter than its scenario says, or there is none.</summary>
    public bool StoppedEarly { get; init; }

    public required DateTimeOffset Began { get; init; }

    public required double Seconds { get; init; }

    public required string Target { get; init; }

    /// <summary>The scenario as it was run, flags included.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>How long each phase lasted, seconds.</summary>
    public required IReadOnlyDictionary<string, double> Phases { get; init; }

    /// <summary>Every figure by the name that thresholds use: lengths of time in milliseconds. Without those of latency and rate if it is <see cref="Invalid"/>.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>What some of the figures are ratios of: merged runs have ratios of the sums.</summary>
    public WorkSums Work { get; init; } = new();

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

    /// <summary>The generator was late: its figures say nothing about the target, and are left out. The ledger stands, and is clean.</summary>
    INVALID,
}

/// <summary>Sums of a run.</summary>
internal sealed record WorkSums
{
    /// <summary>Messages, registrations and refreshes of the whole run: what errors are a share of.</summary>
    public int Attempts { get; init; }

    /// <summary>Messages, registrations and refreshes of the measured time.</summary>
    public int Operations { get; init; }

    /// <summary>Of the generator in the measured time.</summary>
    public double EngineCpuSeconds { get; init; }

    /// <summary>Of the target's processes in the measured time; 0 if they are not known.</summary>
    public double ServerCpuSeconds { get; init; }
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

    /// <summary>Accepted, still valid, and its recipient was not there at the end.</summary>
    public int Undelivered { get; init; }

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
        Undelivered = ledger.Undelivered,
        Counts = Enum.GetValues<FindingKind>().ToDictionary(static kind => kind, ledger.CountOf),
        Findings = ledger.Findings,
    };
}
