namespace Load.Measures;

/// <summary>One second of a run: what the plots are made of.</summary>
internal sealed record SeriesPoint
{
    /// <summary>Seconds from the beginning, at its end.</summary>
    public required double At { get; init; }

    public required string Phase { get; init; }

    /// <summary>Messages that were due.</summary>
    public int Offered { get; init; }

    public int Sent { get; init; }

    public int Accepted { get; init; }

    public int Delivered { get; init; }

    public int Refreshed { get; init; }

    /// <summary>Users that came online.</summary>
    public int Registered { get; init; }

    public int Connections { get; init; }

    /// <summary>Users registered just now.</summary>
    public int Online { get; init; }

    /// <summary>Accepted and not delivered yet, for recipients that are online and for those that are not.</summary>
    public int Outstanding { get; init; }

    public IReadOnlyDictionary<string, int> Errors { get; init; } = new Dictionary<string, int>();

    /// <summary>Of what arrived in this second, milliseconds.</summary>
    public double AcceptP50 { get; init; }

    public double AcceptP99 { get; init; }

    public double DeliverP50 { get; init; }

    public double DeliverP90 { get; init; }

    public double DeliverP99 { get; init; }

    public double DeliverMax { get; init; }

    public double RegisterP99 { get; init; }

    /// <summary>How late the generator was at most, milliseconds.</summary>
    public double LagMax { get; init; }

    /// <summary>Of the generator, in processors.</summary>
    public double EngineCpu { get; init; }

    /// <summary>Of each process of the target, in processors.</summary>
    public IReadOnlyDictionary<string, double> ServerCpu { get; init; } = new Dictionary<string, double>();

    /// <summary>Of each process of the target, resident megabytes.</summary>
    public IReadOnlyDictionary<string, double> ServerMemory { get; init; } = new Dictionary<string, double>();
}
