namespace Load.FaultyServer;

/// <summary>What a faulty server does wrong, and how often: to one message of so many. Zero: never.</summary>
public sealed record FaultPlan
{
    public int Every { get; init; }

    /// <summary>Which of them.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Whom it does not know.</summary>
    public Func<string, bool>? Refuses { get; init; }

    /// <summary>How long it leaves a MESSAGE unanswered that it has accepted.</summary>
    public TimeSpan AnswerAfter { get; init; }

    /// <summary>How long a message is valid; a late one comes when it is over.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromHours(72);
}

/// <summary>What can be done wrong with a message.</summary>
public enum Fault
{
    /// <summary>Accepted and forgotten.</summary>
    Drop,

    /// <summary>Delivered a second time under another id.</summary>
    RepeatUnderNewId,

    /// <summary>Delivered a second time under its id, on the same connection.</summary>
    Duplicate,

    /// <summary>Held until the next message for the same recipient has been delivered, if that is sent half a second later or more: only then is their order certain.</summary>
    Swap,

    /// <summary>Delivered after its validity.</summary>
    Late,

    /// <summary>Delivered and not deleted: its recipient gets it again at each registration.</summary>
    Keep,

    /// <summary>Another text.</summary>
    Alter,

    /// <summary>To somebody else.</summary>
    Misdeliver,
}

/// <summary>One that was done.</summary>
/// <param name="Id">Of the message.</param>
/// <param name="Other">The second id, if there is one.</param>
public sealed record Planted(Fault Fault, Guid Id, Guid? Other);
