using System.Collections.Concurrent;

namespace Edge.Sip.Sessions;

/// <summary>The connections of this edge by flow.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<ulong, SipSession> _sessions = new();

    private int _count;

    /// <summary>When each has to be looked at.</summary>
    public DueTimes DueTimes { get; } = new();

    /// <summary>All of them, in no order; safe beside changes.</summary>
    public IEnumerable<KeyValuePair<ulong, SipSession>> All => _sessions;

    /// <summary>How many there are; the dictionary itself would have to lock for it.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(SipSession session)
    {
        if (!_sessions.TryAdd(session.Flow, session)) return;
        Interlocked.Increment(ref _count);
        lock (session.Connection.Gate) session.Due = DueTimes.Take(session);   // the sweep may find it at once
    }

    /// <summary>Under the connection's gate: what it says later of its own deadlines counts no more.</summary>
    public void Remove(SipSession session)
    {
        if (!_sessions.TryRemove(session.Flow, out _)) return;
        Interlocked.Decrement(ref _count);
        DueTimes.Return(session.Due);
        session.Due = default;
    }

    public SipSession? Find(ulong flow) => _sessions.GetValueOrDefault(flow);
}
