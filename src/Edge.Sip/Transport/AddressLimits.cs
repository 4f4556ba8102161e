using System.Buffers.Binary;
using System.Net;

namespace Edge.Sip.Transport;

/// <summary>Whether an address may open one connection more.</summary>
internal enum AddressVerdict
{
    /// <summary>It may, and it counts from now on.</summary>
    Admitted,

    /// <summary>It has too many open.</summary>
    TooMany,

    /// <summary>It has opened too many within this second.</summary>
    TooFast,
}

/// <summary>What one client address may do here: an IPv4 address, or the /64 of an IPv6 one (spec, Numbers, Quotas).</summary>
/// <remarks>
/// Counted by this edge for itself, in seconds and minutes that begin with their first event. An entry stays a minute after the last connection, so that
/// coming anew forgives nothing; at most <see cref="MostIdle"/> entries are without connections, the oldest go first.
/// </remarks>
internal sealed class AddressLimits(SipOptions options, EdgeClock clock)
{
    /// <summary>Entries without a connection: about 15 MB.</summary>
    internal const int MostIdle = 100_000;

    private const long SecondMs = 1_000;
    private const long MinuteMs = 60_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Prefix, Entry> _entries = [];
    private readonly Queue<(Prefix Prefix, long DueMs)> _idle = new();   // each entry without a connection once, and some that have one again
    private Limits _limits = new(20_000, 2_000, 60);

    /// <summary>Addresses remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <summary>Other limits from now on, told by a core. 0: as before.</summary>
    public void Change(uint connections, uint connectionsPerSecond, uint failuresPerMinute)
    {
        lock (_gate)
        {
            _limits = new Limits(
                connections == 0 ? _limits.Connections : connections,
                connectionsPerSecond == 0 ? _limits.ConnectionsPerSecond : connectionsPerSecond,
                failuresPerMinute == 0 ? _limits.FailuresPerMinute : failuresPerMinute);
        }
    }

    /// <summary>Counts a connection; each one admitted ends with <see cref="Close"/>.</summary>
    public AddressVerdict TryOpen(IPAddress address)
    {
        if (IsExempt(address)) return AddressVerdict.Admitted;
        lock (_gate)
        {
            Prefix prefix = Prefix.Of(address);
            Forget();
            if (!_entries.TryGetValue(prefix, out Entry? entry)) _entries[prefix] = entry = new Entry();
            if (entry.Connections >= _limits.Connections) return AddressVerdict.TooMany;
            if (!entry.Opened.TryCount(clock.NowMs, SecondMs, _limits.ConnectionsPerSecond)) return AddressVerdict.TooFast;
            entry.Connections++;   // a new entry always gets here: no limit is 0
            return AddressVerdict.Admitted;
        }
    }

    /// <summary>A connection ended.</summary>
    public void Close(IPAddress address)
    {
        if (IsExempt(address)) return;
        lock (_gate)
        {
            Prefix prefix = Prefix.Of(address);
            if (!_entries.TryGetValue(prefix, out Entry? entry) || --entry.Connections > 0) return;
            Idle(prefix, entry);
        }
    }

    /// <summary>Counts a REGISTER that a core is asked about; each one counted ends with <see cref="EndAsk"/>.</summary>
    /// <returns>False if as many from there are unanswered as may be: a core that is slow must not be kept busy by one address.</returns>
    public bool TryAsk(IPAddress address)
    {
        if (IsExempt(address)) return true;
        lock (_gate)
        {
            if (!_entries.TryGetValue(Prefix.Of(address), out Entry? entry)) return true;
            if (entry.Asks >= options.RegistersPerAddress) return false;
            entry.Asks++;
            return true;
        }
    }

    /// <summary>The core has answered, or will not.</summary>
    public void EndAsk(IPAddress address)
    {
        if (IsExempt(address)) return;
        lock (_gate)
        {
            if (_entries.TryGetValue(Prefix.Of(address), out Entry? entry) && entry.Asks > 0) entry.Asks--;   // 0: it was forgotten meanwhile
        }
    }

    /// <summary>A digest of a client there did not verify.</summary>
    public void CountFailure(IPAddress address)
    {
        if (IsExempt(address)) return;
        lock (_gate)
        {
            if (_entries.TryGetValue(Prefix.Of(address), out Entry? entry)) _ = entry.Failed.TryCount(clock.NowMs, MinuteMs, uint.MaxValue);
        }
    }

    /// <summary>For how many seconds digests from there are not looked at; 0: they are.</summary>
    public long SecondsLocked(IPAddress address)
    {
        if (IsExempt(address)) return 0;
        lock (_gate)
        {
            if (!_entries.TryGetValue(Prefix.Of(address), out Entry? entry)) return 0;
            long left = entry.Failed.BegunMs + MinuteMs - clock.NowMs;
            return left > 0 && entry.Failed.Count >= _limits.FailuresPerMinute ? (left + SecondMs - 1) / SecondMs : 0;
        }
    }

    private bool IsExempt(IPAddress address) => options.ExemptLoopback && IPAddress.IsLoopback(address);

    private void Idle(Prefix prefix, Entry entry)
    {
        entry.ForgetMs = clock.NowMs + MinuteMs;
        if (!entry.IsQueued) _idle.Enqueue((prefix, entry.ForgetMs));
        entry.IsQueued = true;
        Forget();
    }

    /// <summary>Removes what has been without a connection for a minute, and the oldest of what is too much.</summary>
    private void Forget()
    {
        long now = clock.NowMs;
        while (_idle.TryPeek(out (Prefix Prefix, long DueMs) oldest))
        {
            bool full = _idle.Count > MostIdle;
            if (oldest.DueMs > now && !full) return;
            _idle.Dequeue();
            Entry entry = _entries[oldest.Prefix];
            entry.IsQueued = entry.Connections == 0 && !full && entry.ForgetMs > now;   // it was used since it was queued
            if (entry.IsQueued) _idle.Enqueue((oldest.Prefix, entry.ForgetMs));
            else if (entry.Connections == 0) _entries.Remove(oldest.Prefix);
        }
    }

    private sealed record Limits(uint Connections, uint ConnectionsPerSecond, uint FailuresPerMinute);

    private sealed class Entry
    {
        public Window Opened = new();
        public Window Failed = new();

        public uint Connections { get; set; }

        /// <summary>REGISTERs that a core has not answered.</summary>
        public int Asks { get; set; }

        /// <summary>A minute after its last connection ended.</summary>
        public long ForgetMs { get; set; }

        public bool IsQueued { get; set; }
    }

    /// <summary>Counts events from the first one on until its length is over.</summary>
    private struct Window()
    {
        public long BegunMs { get; private set; } = long.MinValue / 2;

        public uint Count { get; private set; }

        public bool TryCount(long nowMs, long lengthMs, uint most)
        {
            if (nowMs - BegunMs >= lengthMs) (BegunMs, Count) = (nowMs, 0);
            if (Count >= most) return false;
            Count++;
            return true;
        }
    }

    /// <summary>Who counts as one.</summary>
    private readonly record struct Prefix(bool IsIPv6, ulong Bits)
    {
        public static Prefix Of(IPAddress address)
        {
            Span<byte> bytes = stackalloc byte[16];
            _ = address.TryWriteBytes(bytes, out int length);
            bool mapped = length == 16 && address.IsIPv4MappedToIPv6;   // what a listener on :: sees of IPv4
            return length == 16 && !mapped
                ? new Prefix(true, BinaryPrimitives.ReadUInt64BigEndian(bytes))
                : new Prefix(false, BinaryPrimitives.ReadUInt32BigEndian(mapped ? bytes[12..] : bytes));
        }
    }
}
