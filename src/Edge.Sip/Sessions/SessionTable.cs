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
        lock (session.Connection.Gate)   // who finds it waits until it has its place: read half written, that could be another's
        {
            if (!_sessions.TryAdd(session.Flow, session)) return;
            Interlocked.Increment(ref _count);
            session.Due = DueTimes.Take(session);
        }
    }

    /// <summary>What the session says later of its deadlines counts no more.</summary>
    public void Remove(SipSession session)
    {
        lock (session.Connection.Gate)
        {
            if (!_sessions.TryRemove(session.Flow, out _)) return;
            Interlocked.Decrement(ref _count);
            DueTimes.Return(session.Due);
            session.Due = default;
        }
    }

    public SipSession? Find(ulong flow) => _sessions.GetValueOrDefault(flow);
}
