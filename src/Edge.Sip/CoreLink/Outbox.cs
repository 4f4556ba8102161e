using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>Reports and unregistrations that no core has confirmed. Both are idempotent: sent again after a cut and after a while.</summary>
/// <remarks>
/// An unregistration is given up only when no registration made before it can be standing: until then a store that was away would take the dead
/// flow for the account's device. Resends are paced: they must not stand in front of what clients ask just now.
/// When it is full, what the core finds out by itself goes first: a device's 2xx or final refusal that is lost sends the message there again.
/// </remarks>
/// <param name="most">How many are kept.</param>
/// <param name="clock">The edge's.</param>
/// <param name="dropped">Told of each that had to go unconfirmed.</param>
internal sealed class Outbox(int most, EdgeClock clock, Action dropped)
{
    private const long RepeatMs = 15_000;
    private const long RetryMs = 1_000;
    private const int MostAtOnce = 1_024;   // each time that what is due is looked for: 4,000 a second

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Entry> _entries = [];
    private readonly Dictionary<(ulong Flow, string User), ulong> _unregisters = [];   // their numbers
    private readonly HashSet<ulong> _lesser = [];   // numbers of unregistrations, failed tries and expiries
    private ulong _last;

    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <param name="happened">A report, or an unregistration, which takes the place of an earlier one; gets its number here.</param>
    /// <param name="sentOn">The link it is posted to; null if none was up.</param>
    /// <param name="untilMs">From when on it means nothing any more, on the edge's clock.</param>
    public void Add(EdgeEvent happened, ICoreLink? sentOn, long untilMs = long.MaxValue)
    {
        bool full;
        lock (_gate)
        {
            ulong number = ++_last;
            if (happened.Unregister is { } unregister)
            {
                unregister.Number = number;
                _ = Forget(unregister.Flow, unregister.User);
                _unregisters[(unregister.Flow, unregister.User)] = number;
            }
            else
            {
                happened.DeliveryReport.Number = number;
            }

            _entries[number] = new Entry { Happened = happened, SentOn = sentOn, DueMs = clock.NowMs + RepeatMs, UntilMs = untilMs };
            if (happened.DeliveryReport?.Outcome is not (DeliveryOutcome.AcceptedByDevice or DeliveryOutcome.RefusedByDevice)) _lesser.Add(number);
            full = _entries.Count > most;
            if (full) Remove(Least());
        }

        if (full) dropped();
    }

    public void Confirm(ulong number, bool retry)
    {
        lock (_gate)
        {
            if (!retry) Remove(number);
            else if (_entries.TryGetValue(number, out Entry? entry)) entry.DueMs = clock.NowMs + entry.NextPause();
        }
    }

    /// <returns>Whether there was one: it may still take effect.</returns>
    public bool Forget(ulong flow, string user)
    {
        lock (_gate)
        {
            if (!_unregisters.TryGetValue((flow, user), out ulong number)) return false;
            Remove(number);
            return true;
        }
    }

    /// <summary>Whether an unregistration is not confirmed yet.</summary>
    public bool HoldsUnregister(ulong flow, string user)
    {
        lock (_gate) return _unregisters.ContainsKey((flow, user));
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
            foreach ((ulong number, Entry entry) in _entries)
            {
                if (entry.UntilMs <= now) Remove(number);   // allowed while enumerating a dictionary
                if (entry.UntilMs <= now || (entry.SentOn is not null && entry.DueMs > now)) continue;
                if (sent++ == MostAtOnce) return;
                link ??= pick();
                if (link is null || !link.Post(entry.Happened)) return;
                entry.SentOn = link;
                entry.DueMs = now + RepeatMs;
            }
        }
    }

    /// <summary>What is worth least of all that is kept.</summary>
    private ulong Least()
    {
        foreach (ulong number in _lesser) return number;
        foreach (ulong number in _entries.Keys) return number;
        return 0;
    }

    private void Remove(ulong number)
    {
        _lesser.Remove(number);
        if (_entries.Remove(number, out Entry? entry) && entry.Happened.Unregister is { } unregister) _unregisters.Remove((unregister.Flow, unregister.User));
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
