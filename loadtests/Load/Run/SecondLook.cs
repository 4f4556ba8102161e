using Load.Engine;

namespace Load.Run;

/// <summary>
/// At the end of the drain those who came for it come once more: a server that delivers and forgets to delete delivers again. Each first refreshes its registration:
/// when that is answered, the server has read its answers to what came before, and a second copy cannot be blamed on a lost one.
/// </summary>
internal sealed class SecondLook(UserAgents agents, OnlinePump pump, EventLoop loop)
{
    private readonly Dictionary<int, VirtualUser> _users = [];

    public bool HasBegun { get; private set; }

    /// <summary>Somebody has not come again yet.</summary>
    public bool IsUnderWay => HasBegun && _users.Count > 0;

    /// <summary>This one came for the drain.</summary>
    public void Add(VirtualUser user)
    {
        if (!HasBegun) _users.TryAdd(user.Index, user);
    }

    public void Begin(long nowNs)
    {
        HasBegun = true;
        foreach (VirtualUser user in _users.Values.ToArray())
        {
            if (!agents.Refresh(user, nowNs)) _users.Remove(user.Index);   // not there, or just refreshing: nothing is sure of it
        }
    }

    /// <summary>It goes and comes again.</summary>
    public void Refreshed(VirtualUser user, long nowNs)
    {
        if (!HasBegun || !_users.ContainsKey(user.Index)) return;
        user.AnswersReadNs = nowNs;
        int generation = user.Generation;
        loop.After(0, () =>
        {
            if (user.Generation != generation) return;   // gone meanwhile, and coming by itself
            agents.GoAway(user, unregister: false);
            pump.Enqueue(user);
        });
    }

    public void Returned(VirtualUser user)
    {
        if (HasBegun) _users.Remove(user.Index);
    }
}
