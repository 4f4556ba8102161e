namespace Load.Commands;

/// <summary>What the user asked <c>run</c> for. What is null is as the scenario, or the run folder, says.</summary>
internal sealed record RunOptions
{
    public required string Scenario { get; init; }

    /// <summary>HOST:PORT of SIP over TLS.</summary>
    public required string Sip { get; init; }

    public required string Api { get; init; }

    public required string Domain { get; init; }

    /// <summary>The data folder of <c>./run</c>: authority and process ids. Null: <c>.run</c>, if the target is this machine.</summary>
    public string? RunFolder { get; init; }

    public string? AuthorityFile { get; init; }

    /// <summary>Null: those of <c>./run</c>, if the target is this machine.</summary>
    public IReadOnlyList<string>? Metrics { get; init; }

    /// <summary>NAME=PID, more than once.</summary>
    public IReadOnlyList<string> Processes { get; init; } = [];

    public string? Restart { get; init; }

    public string? Accounts { get; init; }

    public required string Output { get; init; }

    public int? Users { get; init; }

    public int? FirstUser { get; init; }

    public int? Seed { get; init; }

    public string? Measure { get; init; }

    /// <summary>Multiplies every rate.</summary>
    public double? Scale { get; init; }

    public int? MostRequests { get; init; }

    public IReadOnlyList<string> Thresholds { get; init; } = [];

    public bool AllowRemote { get; init; }

    public bool Quiet { get; init; }
}
