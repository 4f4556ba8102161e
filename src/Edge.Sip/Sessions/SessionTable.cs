using System.Collections.Concurrent;

namespace Edge.Sip.Sessions;

/// <summary>The connections of this edge by flow.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<ulong, SipSession> _sessions = new();

    private int _count;

    /// <summary>All of them, in no order; safe beside changes.</summary>
    public IEnumerable<KeyValuePair<ulong, SipSession>> All => _sessions;

    /// <summary>How many there are; the dictionary itself would have to lock for it.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(SipSession session)
    {
        if (_sessions.TryAdd(session.Flow, session)) Interlocked.Increment(ref _count);
    }

    public void Remove(SipSession session)
    {
        if (_sessions.TryRemove(session.Flow, out _)) Interlocked.Decrement(ref _count);
    }

    public SipSession? Find(ulong flow) => _sessions.GetValueOrDefault(flow);
}
