using Load.Engine;

namespace Load.Run;

/// <summary>Brings users online: so many at once on their way (closed model), or each when it is due (open model).</summary>
internal sealed class OnlinePump(UserAgents agents, int inFlight)
{
    private readonly Queue<VirtualUser> _waiting = new();
    private readonly PriorityQueue<VirtualUser, long> _due = new();
    private readonly HashSet<int> _coming = [];   // of those that the closed model counts

    public bool IsIdle => _waiting.Count == 0 && _coming.Count == 0;

    public long NextNs => _due.TryPeek(out _, out long dueNs) ? dueNs : long.MaxValue;

    /// <summary>As soon as there is room.</summary>
    public void Enqueue(VirtualUser user) => _waiting.Enqueue(user);

    /// <summary>At a time.</summary>
    public void Enqueue(VirtualUser user, long dueNs) => _due.Enqueue(user, dueNs);

    /// <summary>It has arrived, or has failed and goes on by itself.</summary>
    public void Done(VirtualUser user) => _coming.Remove(user.Index);

    public void Turn(long nowNs)
    {
        while (_due.TryPeek(out _, out long dueNs) && dueNs <= nowNs) agents.ComeOnline(_due.Dequeue(), dueNs);
        while (_coming.Count < inFlight && _waiting.TryDequeue(out VirtualUser? user))
        {
            if (user.State != UserState.Away) continue;
            _coming.Add(user.Index);
            agents.ComeOnline(user, nowNs);
        }
    }
}
