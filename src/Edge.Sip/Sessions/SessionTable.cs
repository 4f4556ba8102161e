using System.Collections.Concurrent;

namespace Edge.Sip.Sessions;

/// <summary>The connections of this edge by flow.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<ulong, SipSession> _sessions = new();

    /// <summary>All of them, in no order; safe beside changes.</summary>
    public IEnumerable<KeyValuePair<ulong, SipSession>> All => _sessions;

    public void Add(SipSession session) => _sessions[session.Flow] = session;

    public void Remove(SipSession session) => _sessions.TryRemove(session.Flow, out _);

    public SipSession? Find(ulong flow) => _sessions.GetValueOrDefault(flow);
}
