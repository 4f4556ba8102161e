using Load.Measures;

namespace Load.Run;

/// <summary>What a run has left when it is over, before anything is made of it.</summary>
internal sealed record RunMeasures
{
    public required DateTimeOffset Began { get; init; }

    public required long BeganNs { get; init; }

    public required PhaseClock Phases { get; init; }

    public required Counters Counters { get; init; }

    public required IReadOnlyList<SeriesPoint> Series { get; init; }

    /// <summary>What happened that was not traffic.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    public required ServerSampler Samples { get; init; }

    /// <summary>Users registered when the measured time began.</summary>
    public required int RegisteredAtMeasure { get; init; }

    /// <summary>Memory of the generator for each user that is online and idle.</summary>
    public required double KilobytesPerUser { get; init; }

    /// <summary>Why it says nothing about its target.</summary>
    public required string? Invalid { get; init; }

    /// <summary>Times that say nothing because the generator was late where they come from, by their names, and why.</summary>
    public required IReadOnlyDictionary<string, string> LeftOut { get; init; }

    /// <summary>Short handshakes.</summary>
    public required int Resumed { get; init; }

    public required bool StoppedEarly { get; init; }
}
