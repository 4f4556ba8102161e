using System.Diagnostics.Metrics;
using Core.Store.Mailboxes;

namespace Core.Store.Diagnostics;

/// <summary>What the store counts. Callers say what happened; names, units and tags live only here.</summary>
internal sealed class StoreMetrics
{
    private readonly Counter<long> _accepts;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _failedTries;
    private readonly Counter<long> _setAside;
    private readonly Counter<long> _fenced;
    private readonly Counter<long> _endsIgnored;
    private readonly Counter<long> _sweeps;
    private readonly Counter<long> _sweepPushes;
    private readonly Counter<long> _told;
    private readonly Counter<long> _notJournaled;
    private readonly Histogram<double> _acceptToDelivered;
    private volatile bool _limitsFileBroken;
    private volatile bool _keyRingBroken;

    public StoreMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create("Core.Store");
        _accepts = meter.CreateCounter<long>("edge.messages.accepts", "{message}", "Attempts to hand over a message, by outcome.");
        _ended = meter.CreateCounter<long>("edge.messages.ended", "{message}", "Messages that reached a final state, by state.");
        _failedTries = meter.CreateCounter<long>("edge.delivery.failed_tries", "{try}", "Failed tries that counted.");
        _setAside = meter.CreateCounter<long>("edge.records.set_aside", "{record}", "Records that could not be opened or found, by reason; one whose key is missing is counted by each core once an hour.");
        _fenced = meter.CreateCounter<long>("edge.bindings.fenced", "{registration}", "Registrations dropped because a newer start or connection stands.");
        _endsIgnored = meter.CreateCounter<long>("edge.bindings.ends.ignored", "{end}", "Ends told of a flow that had no binding of the account: it had moved or lapsed, or never was that flow's.");
        _sweeps = meter.CreateCounter<long>("edge.sweeps", "{look}", "Looks of the sweeper at an account that was due, by what came of it.");
        _sweepPushes = meter.CreateCounter<long>("edge.sweep.pushes", "{message}", "Messages pushed by the sweeper.");
        _told = meter.CreateCounter<long>("edge.messages.told", "{message}", "Ends told to senders who asked: on the list of status streams, by receipt, or a receipt dropped because too many wait.");
        _notJournaled = meter.CreateCounter<long>("edge.journal.left_out", "{message}", "Messages that the operators' message log may lack, since Redis could not be asked: their states and deliveries are whole.");
        meter.CreateObservableGauge("edge.limits.file.broken", () => _limitsFileBroken ? 1 : 0, null, "1 while the limits file cannot be used and the limits from before stay in force.");
        meter.CreateObservableGauge("edge.keyring.broken", () => _keyRingBroken ? 1 : 0, null, "1 while the key ring file cannot be read or written; after 30 activation delays nothing is sealed.");
        _acceptToDelivered = meter.CreateHistogram("edge.messages.accept_to_delivered", "s", "From first acceptance to the device's 2xx.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45, 300, 3_600, 43_200, 259_200] });
    }

    public bool LimitsFileBroken
    {
        set => _limitsFileBroken = value;
    }

    public bool KeyRingBroken
    {
        set => _keyRingBroken = value;
    }

    public void Accept(AcceptOutcome outcome) => _accepts.Add(1, Tag("edge.outcome", outcome switch
    {
        AcceptOutcome.Accepted => "accepted",
        AcceptOutcome.Repeated => "repeated",
        AcceptOutcome.IdReused => "id_reused",
        AcceptOutcome.UnknownRecipient => "unknown_recipient",
        AcceptOutcome.QueueFull => "queue_full",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    }));

    public void Ended(MessageState state, long messages = 1) => _ended.Add(messages, Tag("edge.state", state switch
    {
        MessageState.Delivered => "delivered",
        MessageState.Expired => "expired",
        MessageState.InvalidRecipient => "invalid_recipient",
        MessageState.InvalidDevice => "invalid_device",
        MessageState.InvalidPayload => "invalid_payload",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    }));

    public void Delivered(TimeSpan sinceAcceptance) => _acceptToDelivered.Record(Math.Max(0, sinceAcceptance.TotalSeconds));

    public void TryFailed() => _failedTries.Add(1);

    public void RecordRejected() => _setAside.Add(1, Tag("edge.reason", "rejected"));

    public void RecordKeyUnknown() => _setAside.Add(1, Tag("edge.reason", "key_unknown"));

    public void RecordMissing() => _setAside.Add(1, Tag("edge.reason", "missing"));

    public void RegistrationFenced() => _fenced.Add(1);

    public void EndIgnored() => _endsIgnored.Add(1);

    /// <param name="outcome">Of look.lua: a closed set.</param>
    public void Looked(string outcome) => _sweeps.Add(1, Tag("edge.outcome", outcome));

    public void SweepPushed(int messages) => _sweepPushes.Add(messages);

    /// <param name="how">list, receipt or receipt_dropped.</param>
    public void Told(string how) => _told.Add(1, Tag("edge.how", how));

    public void NotJournaled(int messages) => _notJournaled.Add(messages);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
