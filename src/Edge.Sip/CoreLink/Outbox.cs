using Edge.Link.V1;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.CoreLink;

/// <summary>Reports and unregistrations that no core has confirmed. Both are idempotent: sent again after a cut and after a while.</summary>
/// <remarks>
/// An unregistration is given up only when no registration made before it can be standing: until then a store that was away would take the dead
/// flow for the account's device. Resends are paced: they must not stand in front of what clients ask just now.
/// </remarks>
internal sealed class Outbox(int most, EdgeClock clock, ILogger logger)
{
    private const long RepeatMs = 15_000;
    private const long RetryMs = 1_000;
    private const int MostAtOnce = 1_024;   // each time that what is due is looked for: 4,000 a second

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
    /// <param name="untilMs">From when on it means nothing any more, on the edge's clock.</param>
    public void Add(ulong flow, string user, long sequence, EdgeEvent happened, ICoreLink? sentOn, long untilMs = long.MaxValue)
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

            _entries[(flow, user, sequence)] = new Entry { Happened = happened, SentOn = sentOn, DueMs = clock.NowMs + RepeatMs, UntilMs = untilMs };
        }

        if (full) EdgeLog.OutboxFull(logger);
    }

    public void Confirm(Reported reported)
    {
        lock (_gate)
        {
            (ulong, string, long) key = (reported.Flow, reported.User, reported.Sequence);
            if (!reported.Retry) _entries.Remove(key);
            else if (_entries.TryGetValue(key, out Entry? entry)) entry.DueMs = clock.NowMs + entry.NextPause();
        }
    }

    /// <returns>Whether there was one: it may still take effect.</returns>
    public bool Forget(ulong flow, string user)
    {
        lock (_gate) return _entries.Remove((flow, user, 0));
    }

    /// <summary>Whether an unregistration is not confirmed yet.</summary>
    public bool HoldsUnregister(ulong flow, string user)
    {
        lock (_gate) return _entries.ContainsKey((flow, user, 0));
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
            int sent = 0;
            foreach ((var key, Entry entry) in _entries)
            {
                if (entry.UntilMs <= now) _entries.Remove(key);   // removing keeps the enumeration valid
                if (entry.UntilMs <= now || (entry.SentOn is not null && entry.DueMs > now)) continue;
                if (sent++ == MostAtOnce) return;
                link ??= pick();
                if (link is null || !link.Post(entry.Happened)) return;
                entry.SentOn = link;
                entry.DueMs = now + RepeatMs;
            }
        }
    }

    private sealed class Entry
    {
        public required EdgeEvent Happened { get; init; }

        public ICoreLink? SentOn { get; set; }

        public long DueMs { get; set; }

        public long UntilMs { get; init; }

        private long PauseMs { get; set; } = RetryMs / 2;

        /// <summary>1 s, 2 s, 4 s, up to the time after which it is repeated anyway.</summary>
        public long NextPause() => PauseMs = Math.Min(2 * PauseMs, RepeatMs);
    }
}
