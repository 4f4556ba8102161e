using System.Text.Json.Serialization;

namespace Load.Scenarios;

/// <summary>One stream of messages, or of refreshes.</summary>
internal sealed record TrafficPlan
{
    /// <summary>For the report.</summary>
    public required string Name { get; init; }

    public Way Via { get; init; } = Way.Sip;

    public Audience To { get; init; } = Audience.Online;

    /// <summary>Open model: so many a second are due, whatever became of those before; latency counts from when each was due. Zero: closed model.</summary>
    public double Rate { get; init; }

    /// <summary>Closed model: so many are under way, and each is followed by the next when it is <see cref="Until"/>.</summary>
    public int Window { get; init; }

    public Milestone Until { get; init; } = Milestone.Accepted;

    /// <summary>Closed model: the pause before the next.</summary>
    public TimeSpan Think { get; init; }

    public Spacing Spacing { get; init; } = Spacing.Poisson;

    /// <summary>Characters of a text, 40 to 160.</summary>
    public int Characters { get; init; } = 100;

    public Script Script { get; init; } = Script.Latin;

    /// <summary>Multiplies the rate: equal parts of the measured time, a straight line between their beginnings. Empty: 1 all along.</summary>
    public IReadOnlyList<double> Curve { get; init; } = [];

    [JsonIgnore]
    public bool IsOpen => Rate > 0;
}

/// <summary>How something is handed over.</summary>
internal enum Way
{
    /// <summary>SIP MESSAGE down the sender's own connection.</summary>
    Sip,

    /// <summary>HTTPS POST.</summary>
    Post,

    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>Not a message: the user's REGISTER again.</summary>
    Refresh,
}

/// <summary>Who receives.</summary>
internal enum Audience
{
    /// <summary>Any of those that are registered at the beginning.</summary>
    Online,

    /// <summary>Any of those that come only for the drain.</summary>
    Offline,

    /// <summary>Anybody.</summary>
    Any,

    /// <summary>The neighbour: users 0 and 1, 2 and 3, and so on; in a closed model the two take turns.</summary>
    Partner,

    /// <summary>The first user, always.</summary>
    Hot,
}

/// <summary>When a closed model goes on.</summary>
internal enum Milestone
{
    /// <summary>The server has accepted, or refused.</summary>
    Accepted,

    /// <summary>The recipient has it.</summary>
    Delivered,
}

/// <summary>The gaps between what is due.</summary>
internal enum Spacing
{
    /// <summary>As many independent people make them: exponential.</summary>
    Poisson,

    /// <summary>All alike.</summary>
    Even,
}

/// <summary>What texts are written in.</summary>
internal enum Script
{
    /// <summary>ASCII: a byte a character.</summary>
    Latin,

    /// <summary>Several scripts and emoji, one to 25 bytes a character.</summary>
    Mixed,
}
