using Load.Measures;

namespace Load.Run;

/// <summary>What is counted while a run goes on: in all, in the measured time, and in this second. One thread writes it.</summary>
internal sealed class Counters
{
    private readonly Dictionary<string, int> _errors = new(StringComparer.Ordinal);
    private readonly LatencySet _second = new();
    private Dictionary<string, int> _secondErrors = new(StringComparer.Ordinal);
    private Tally _thisSecond;

    /// <summary>Of the measured time.</summary>
    public LatencySet Latencies { get; } = new();

    /// <summary>In all.</summary>
    public Tally All;

    /// <summary>In the measured time: by when it happened, offered by when it was due.</summary>
    public Tally Measured;

    public IReadOnlyDictionary<string, int> Errors => _errors;

    public int ErrorCount { get; private set; }

    /// <summary>Something did not go as it should.</summary>
    /// <param name="reason">From a closed set: nothing that a peer wrote.</param>
    public void Error(string reason)
    {
        ErrorCount++;
        _errors[reason] = _errors.GetValueOrDefault(reason) + 1;
        _secondErrors[reason] = _secondErrors.GetValueOrDefault(reason) + 1;
    }

    public void Count(Counted what, bool measured)
    {
        All.Add(what);
        _thisSecond.Add(what);
        if (measured) Measured.Add(what);
    }

    /// <summary>How long something took.</summary>
    public void Took(string name, long ns, bool counts)
    {
        LatencySet.Record(_second[name], ns);
        if (counts) LatencySet.Record(Latencies[name], ns);
    }

    /// <summary>How long something took that no plot shows.</summary>
    public void TookOnly(string name, long ns, bool counts)
    {
        if (counts) LatencySet.Record(Latencies[name], ns);
    }

    /// <summary>Ends the second that runs.</summary>
    /// <param name="point">With what is not counted here.</param>
    public SeriesPoint EndSecond(SeriesPoint point)
    {
        SeriesPoint whole = point with
        {
            Offered = _thisSecond.Offered,
            Sent = _thisSecond.Sent,
            Accepted = _thisSecond.Accepted,
            Delivered = _thisSecond.Delivered,
            Refreshed = _thisSecond.Refreshed,
            Registered = _thisSecond.Registered,
            Errors = _secondErrors,
            AcceptP50 = LatencyFigures.At(_second["accept"], 50),
            AcceptP99 = LatencyFigures.At(_second["accept"], 99),
            DeliverP50 = LatencyFigures.At(_second["deliver"], 50),
            DeliverP90 = LatencyFigures.At(_second["deliver"], 90),
            DeliverP99 = LatencyFigures.At(_second["deliver"], 99),
            DeliverMax = LatencyFigures.At(_second["deliver"], 100),
            RegisterP99 = LatencyFigures.At(_second["register"], 99),
        };
        foreach (string name in (string[])["accept", "deliver", "register"]) _second[name].Reset();
        _secondErrors = new Dictionary<string, int>(StringComparer.Ordinal);
        _thisSecond = default;
        return whole;
    }

    /// <summary>Numbers of what happened.</summary>
    internal struct Tally
    {
        public int Offered;
        public int Sent;
        public int Accepted;
        public int Delivered;
        public int Refreshed;
        public int Registered;
        public int Reconnects;
        public int Pongs;

        public void Add(Counted what)
        {
            switch (what)
            {
                case Counted.Offered: Offered++; break;
                case Counted.Sent: Sent++; break;
                case Counted.Accepted: Accepted++; break;
                case Counted.Delivered: Delivered++; break;
                case Counted.Refreshed: Refreshed++; break;
                case Counted.Registered: Registered++; break;
                case Counted.Reconnected: Reconnects++; break;
                case Counted.Ponged: Pongs++; break;
            }
        }
    }
}

/// <summary>What <see cref="Counters"/> counts.</summary>
internal enum Counted
{
    Offered,
    Sent,
    Accepted,
    Delivered,
    Refreshed,
    Registered,

    /// <summary>Came online after it had been online before.</summary>
    Reconnected,
    Ponged,
}
