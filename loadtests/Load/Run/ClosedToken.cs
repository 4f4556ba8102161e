using Load.Scenarios;

namespace Load.Run;

/// <summary>The closed model: one of those that send, wait until it is there, and send again.</summary>
internal sealed class ClosedToken(TrafficPlan plan)
{
    public TrafficPlan Plan => plan;

    /// <summary>Of a pair: who sends next; else -1.</summary>
    public int From { get; set; } = -1;

    /// <summary>Of a pair: who receives next; else -1.</summary>
    public int To { get; set; } = -1;

    /// <summary>The other one's turn.</summary>
    public void Turn() => (From, To) = (To, From);
}
