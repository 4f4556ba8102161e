namespace Load.Scenarios;

/// <summary>Something that happens to users or to the target while the run is measured.</summary>
internal sealed record EventPlan
{
    public required EventKind Kind { get; init; }

    /// <summary>So long after the measured time began.</summary>
    public TimeSpan At { get; init; }

    /// <summary>And again each time so much later, until the measured time ends; zero: once.</summary>
    public TimeSpan Every { get; init; }

    /// <summary>The part of the users online that it happens to, 0 to 1; chosen by the seed.</summary>
    public double Share { get; init; } = 1;

    /// <summary>How long they are away or silent; for <see cref="EventKind.SlowRead"/> the pause between two reads.</summary>
    public TimeSpan For { get; init; }

    /// <summary>So many a second come back, and their time counts from when they were due (open model). Zero: as fast as <see cref="RegistrationPlan.InFlight"/> lets them.</summary>
    public double Rate { get; init; }

    /// <summary>Whether they come back with the TLS session that they had.</summary>
    public bool Resume { get; init; }
}

/// <summary>What happens.</summary>
internal enum EventKind
{
    /// <summary>They say goodbye to TLS and come back after <see cref="EventPlan.For"/>.</summary>
    Reconnect,

    /// <summary>They take their registration back, go, and come back after <see cref="EventPlan.For"/>.</summary>
    Away,

    /// <summary>Their network is gone without a word: nothing is read or written; after <see cref="EventPlan.For"/> they come by another connection.</summary>
    Silence,

    /// <summary>From now on they read one record, then pause for <see cref="EventPlan.For"/>.</summary>
    SlowRead,

    /// <summary>The edges get SIGTERM, or what <c>--restart</c> runs is run; clients come back by themselves.</summary>
    RestartEdge,

    /// <summary>The edges get SIGKILL.</summary>
    KillEdge,
}
