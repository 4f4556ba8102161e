using Edge.Link.V1;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.CoreLink;

/// <summary>Reports and unregistrations that no core has confirmed. Both are idempotent: sent again after a cut and after a while.</summary>
internal sealed class Outbox(int most, EdgeClock clock, ILogger logger)
{
    private const long RepeatMs = 15_000;
    private const long RetryMs = 1_000;
    private const int MostUnregisters = 4;   // then the binding's end in the store is near anyway

    private readonly Lock _gate = new();
    private readonly Dictionary<(ulong Flow, string User, long Sequence), Entry> _entries = [];

    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <param name="sequence">The report's; 0 for an unregistration.</param>
    /// <param name="sentOn">The link it was posted to; null if none was up.</param>
    public void Add(ulong flow, string user, long sequence, EdgeEvent happened, ICoreLink? sentOn)
    {
        bool full;
        lock (_gate)
        {
            full = _entries.Count >= most && !_entries.ContainsKey((flow, user, sequence));
            if (full)
            {
                foreach ((ulong, string, long) any in _entries.Keys)
                {
                    _entries.Remove(any);
                    break;
                }
            }

            _entries[(flow, user, sequence)] = new Entry { Happened = happened, SentOn = sentOn, DueMs = clock.NowMs + RepeatMs, Sent = 1 };
        }

        if (full) EdgeLog.OutboxFull(logger);
    }

    public void Confirm(Reported reported)
    {
        lock (_gate)
        {
            (ulong, string, long) key = (reported.Flow, reported.User, reported.Sequence);
            if (!reported.Retry) _entries.Remove(key);
            else if (_entries.TryGetValue(key, out Entry? entry)) entry.DueMs = clock.NowMs + RetryMs;
        }
    }

    public void Forget(ulong flow, string user)
    {
        lock (_gate) _entries.Remove((flow, user, 0));
    }

    /// <summary>The link was cut: whatever it had not confirmed is due at once.</summary>
    public void LinkCut(ICoreLink link)
    {
        lock (_gate)
        {
            foreach (Entry entry in _entries.Values)
            {
                if (entry.SentOn == link) entry.SentOn = null;
            }
        }
    }

    /// <summary>Posts what is due.</summary>
    /// <param name="pick">A link that is up, or null.</param>
    public void SendDue(Func<ICoreLink?> pick)
    {
        lock (_gate)
        {
            if (_entries.Count == 0) return;
            long now = clock.NowMs;
            ICoreLink? link = null;
            foreach ((var key, Entry entry) in _entries)
            {
                if (entry.SentOn is not null && entry.DueMs > now) continue;
                link ??= pick();
                if (link is null || !link.Post(entry.Happened)) return;
                entry.SentOn = link;
                entry.DueMs = now + RepeatMs;
                if (++entry.Sent > MostUnregisters && key.Sequence == 0) _entries.Remove(key);   // removing keeps the enumeration valid
            }
        }
    }

    private sealed class Entry
    {
        public required EdgeEvent Happened { get; init; }

        public ICoreLink? SentOn { get; set; }

        public long DueMs { get; set; }

        public int Sent { get; set; }
    }
}
