using Edge.Link.V1;
using Edge.Sip.CoreLink.Carriers;
using Edge.Sip.Diagnostics;
using Edge.Sip.Transport;
using Grpc.Core;

namespace Edge.Sip.CoreLink;

/// <summary>The stream to one core: made, kept and made again with back-off. Whatever piled up during a write leaves in the next one.</summary>
internal sealed class CoreStream : ICoreLink, ILinkTraffic, IDisposable
{
    private const int MostPending = 20_000;
    private const int MostQueued = 500_000;
    private const long HeartbeatMs = 5_000;
    private const long DeadMs = 15_000;
    private const long FirstBackOffMs = 100;
    private const long LongestBackOffMs = 5_000;
    /// <summary>A core takes a hundred refreshes in one message for the price of three alone; nobody waits for them.</summary>
    internal static readonly TimeSpan SoonTime = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan WelcomeTime = TimeSpan.FromSeconds(5);

    private readonly int _number;
    private readonly ILinkCarrier _carrier;
    private readonly Func<Hello> _hello;
    private readonly CoreLinks _links;
    private readonly EdgeClock _clock;
    private readonly EdgeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly long _answerMs;

    private readonly Lock _queueGate = new();
    private readonly ITimer _soon;   // starts a write for what could wait
    private List<EdgeEvent> _queue = [];
    private List<EdgeEvent>? _spare = [];   // null while the carrier has it
    private bool _writing;   // the carrier takes what is queued, without being told
    private bool _open;      // false while the link is down
    private CancellationTokenSource? _callEnd;
    private ITimer? _welcomeLimit;
    private volatile string? _endCause;   // why this side has ended the call; null: it has not

    private readonly Lock _pendingGate = new();
    private readonly Dictionary<ulong, PendingAnswer> _pending = [];
    private ulong _lastRequest;

    private long _lastWriteMs;
    private long _lastReadMs;
    private volatile bool _up;
    private volatile LinkSettings? _settings;

    public CoreStream(int number, ILinkCarrier carrier, Func<Hello> hello, CoreLinks links, EdgeClock clock, EdgeMetrics metrics, ILogger logger, TimeSpan answerTime)
    {
        (_number, _carrier, _hello, _links, _clock, _metrics, _logger) = (number, carrier, hello, links, clock, metrics, logger);
        _soon = clock.Time.CreateTimer(static stream => ((CoreStream)stream!).WriteQueued(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _answerMs = (long)(answerTime - CoreLinks.TickTime).TotalMilliseconds;   // noticed a tick late at most, so still in time
    }

    public bool IsUp => _up;

    public LinkSettings? Settings => _settings;

    public CoreClock Clock { get; private set; } = new();

    public bool Post(EdgeEvent happened)
    {
        bool start;
        lock (_queueGate)
        {
            if (!TryQueue(happened)) return false;
            start = !_writing;
            _writing = true;
        }

        if (start) _carrier.Write();
        return true;
    }

    public bool PostSoon(EdgeEvent happened)
    {
        lock (_queueGate)
        {
            if (!TryQueue(happened)) return false;
            if (!_writing && _queue.Count == 1) _soon.Change(SoonTime, Timeout.InfiniteTimeSpan);   // else a write or the timer is on its way
            return true;
        }
    }

    public bool Ask(EdgeEvent request, PendingAnswer pending)
    {
        lock (_pendingGate)
        {
            if (!_up || _pending.Count >= MostPending) return false;
            pending.Request = ++_lastRequest;
            pending.DeadlineMs = _clock.NowMs + _answerMs;
            if (request.EventCase == EdgeEvent.EventOneofCase.Register) request.Register.Request = pending.Request;
            else request.Submit.Request = pending.Request;
            _pending.Add(pending.Request, pending);
        }

        if (Post(request)) return true;
        lock (_pendingGate) return !_pending.Remove(pending.Request);   // gone already: the cut has told it
    }

    /// <summary>Makes the link again and again until told to stop.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        long backOff = FirstBackOffMs;
        while (!stopping.IsCancellationRequested)
        {
            string cause;
            try
            {
                await RunOnceAsync(stopping).ConfigureAwait(false);
                cause = "closed by the core";
            }
#pragma warning disable CA1031 // whatever went wrong with one stream, the next one is tried
            catch (Exception fault)
#pragma warning restore CA1031
            {
                cause = _endCause ?? (fault is RpcException rpc ? $"{rpc.StatusCode} ({rpc.Status.DebugException?.GetBaseException().Message ?? rpc.Status.Detail})" : fault.GetBaseException().Message);
            }

            bool wasUp = _up;
            Cut();
            if (stopping.IsCancellationRequested) return;
            if (wasUp) backOff = FirstBackOffMs;
            long delay = backOff + Random.Shared.NextInt64(backOff / 2 + 1);   // edges of one core must not come back in step
            backOff = Math.Min(2 * backOff, LongestBackOffMs);
            if (wasUp)
            {
                _metrics.LinkCut();
                EdgeLog.LinkDown(_logger, _number, cause);
            }
            else
            {
                EdgeLog.LinkNotMade(_logger, _number, cause, delay);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(delay), _clock.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks at the link's own deadlines; called several times a second.</summary>
    public void Tick()
    {
        long now = _clock.NowMs;
        FailOverdue(now);
        if (!_up) return;
        if (now - Volatile.Read(ref _lastReadMs) >= DeadMs) EndCall("it has said nothing for 15 s");
        else if (now - Volatile.Read(ref _lastWriteMs) >= DeadMs) EndCall("it has read nothing for 15 s");   // clients have their 503, and what waits for it does not pile up
        else if (now - Volatile.Read(ref _lastWriteMs) >= HeartbeatMs) Post(new EdgeEvent { Heartbeat = new Heartbeat() });
    }

    public void Dispose()
    {
        _soon.Dispose();
        _carrier.Dispose();
    }

    Hello ILinkTraffic.Hello() => _hello();

    void ILinkTraffic.Begin(ConnectResponse first)
    {
        if (first.Events.Count == 0 || first.Events[0].EventCase != CoreEvent.EventOneofCase.Welcome) throw new InvalidOperationException("the core's first word was not Welcome");
        _welcomeLimit?.Dispose();
        Welcomed(first);
        for (int i = 1; i < first.Events.Count; i++) Take(first.Events[i]);
    }

    void ILinkTraffic.Take(ConnectResponse batch)
    {
        Heard(batch.CoreTimeMs);
        HeldWakes.During((this, batch), static handed =>
        {
            foreach (CoreEvent happened in handed.batch.Events) handed.Item1.Take(happened);
        });
    }

    void ILinkTraffic.Take(ReadOnlySpan<byte> batch)
    {
        // All of it once before the first event is handed out: the time stands behind the events, and expiries are told by it.
        long coreTimeMs = 0;
        ReceivedFields fields = new(batch);
        while (fields.Next())
        {
            if (fields.IsValue(ConnectResponse.CoreTimeMsFieldNumber)) coreTimeMs = (long)fields.Value;
        }

        Heard(coreTimeMs);
        HeldWakes.During(new HandedBatch(this, batch), static handed =>
        {
            ReceivedFields fields = new(handed.Batch);
            while (fields.Next())
            {
                if (fields.IsBytes(ConnectResponse.EventsFieldNumber)) handed.Stream.TakeEvent(fields.Bytes);
            }
        });
    }

    List<EdgeEvent>? ILinkTraffic.TakeQueued()
    {
        lock (_queueGate)
        {
            _writing = _queue.Count > 0;
            if (!_writing) return null;
            List<EdgeEvent> events = _queue;
            (_queue, _spare) = (_spare ?? [], null);
            return events;
        }
    }

    void ILinkTraffic.BatchWritten() => Volatile.Write(ref _lastWriteMs, _clock.NowMs);

    void ILinkTraffic.Written(List<EdgeEvent> events)
    {
        RefreshEvents.Keep(events);
        events.Clear();
        if (events.Capacity > 4_096) events.Capacity = 0;   // after a snapshot
        lock (_queueGate) _spare = events;
    }

    private bool TryQueue(EdgeEvent happened)
    {
        if (!_open || _queue.Count >= MostQueued) return false;
        _queue.Add(happened);
        return true;
    }

    private void WriteQueued()
    {
        lock (_queueGate)
        {
            if (_writing || _queue.Count == 0) return;
            _writing = true;
        }

        _carrier.Write();
    }

    private async Task RunOnceAsync(CancellationToken stopping)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        (_callEnd, _endCause) = (ending, null);
        using ITimer limit = _clock.Time.CreateTimer(static stream => ((CoreStream)stream!).EndCall("no Welcome within 5 s"), this, WelcomeTime, Timeout.InfiniteTimeSpan);
        _welcomeLimit = limit;
        try
        {
            await _carrier.RunAsync(this, ending.Token).ConfigureAwait(false);
        }
        finally
        {
            (_callEnd, _welcomeLimit) = (null, null);
        }
    }

    private void Welcomed(ConnectResponse first)
    {
        long now = _clock.NowMs;
        CoreClock clock = new();   // what an earlier stream showed may be an earlier core's clock
        clock.Observe(now, first.CoreTimeMs);
        Clock = clock;
        Welcome welcome = first.Events[0].Welcome;
        _settings = new LinkSettings(welcome);
        if (welcome.Limits is not null) _links.Events.LimitsChanged(welcome.Limits);
        if (welcome.SessionTicketKeys is not null) _links.Events.TicketKeysChanged(welcome.SessionTicketKeys);
        Volatile.Write(ref _lastReadMs, now);
        Volatile.Write(ref _lastWriteMs, now);
        lock (_queueGate)
        {
            _queue.Clear();
            (_open, _writing) = (true, false);
        }

        _up = true;
        EdgeLog.LinkUp(_logger, _number, _settings.Epoch);
        _links.LinkUp(this);
    }

    private void Heard(long coreTimeMs)
    {
        long now = _clock.NowMs;
        Volatile.Write(ref _lastReadMs, now);
        Clock.Observe(now, coreTimeMs);
    }

    /// <summary>An encoded event. Answers to refreshes and reports, most by far, are read where they lie; the others become objects.</summary>
    private void TakeEvent(ReadOnlySpan<byte> encoded)
    {
        ReceivedFields fields = new(encoded);
        bool one = fields.Next() && fields.IsLast;
        if (one && fields.IsBytes(CoreEvent.RefreshedFieldNumber) && RefreshAnswer.TryRead(fields.Bytes, out RefreshAnswer answer))
        {
            Guarded(answer, static (stream, answer) => stream._links.Events.Refreshed(stream, answer));
        }
        else if (one && fields.IsBytes(CoreEvent.ReportedFieldNumber))
        {
            (ulong number, bool retry) = (0, false);
            ReceivedFields reported = new(fields.Bytes);
            while (reported.Next())
            {
                if (reported.IsValue(Reported.NumberFieldNumber)) number = reported.Value;
                else if (reported.IsValue(Reported.RetryFieldNumber)) retry = reported.Value != 0;
            }

            Guarded((number, retry), static (stream, reported) => stream._links.Confirm(reported.number, reported.retry));
        }
        else
        {
            Take(CoreEvent.Parser.ParseFrom(encoded));
        }
    }

    private void Take(CoreEvent happened) => Guarded(happened, static (stream, happened) => stream.HandOut(happened));

    private void HandOut(CoreEvent happened)
    {
        switch (happened.EventCase)
        {
            case CoreEvent.EventOneofCase.Registered:
                if (TakePending(happened.Registered.Request) is { } register) register.Answered(happened.Registered);
                break;
            case CoreEvent.EventOneofCase.Submitted:
                if (TakePending(happened.Submitted.Request) is { } submit) submit.Answered(happened.Submitted);
                break;
            case CoreEvent.EventOneofCase.Refreshed:
                _links.Events.Refreshed(this, RefreshAnswer.Of(happened.Refreshed));
                break;
            case CoreEvent.EventOneofCase.Delivery:
                _links.Events.Delivered(this, happened.Delivery);
                break;
            case CoreEvent.EventOneofCase.Page:
                _links.Events.Paged(this, happened.Page);
                break;
            case CoreEvent.EventOneofCase.Reported:
                _links.Confirm(happened.Reported.Number, happened.Reported.Retry);
                break;
            case CoreEvent.EventOneofCase.NonceKeys:
                _settings = _settings!.With(happened.NonceKeys);
                break;
            case CoreEvent.EventOneofCase.EdgeLimits:
                _links.Events.LimitsChanged(happened.EdgeLimits);
                break;
            case CoreEvent.EventOneofCase.SessionTicketKeys:
                _links.Events.TicketKeysChanged(happened.SessionTicketKeys);
                break;
            case CoreEvent.EventOneofCase.Revoked:
                _links.Events.Revoked(happened.Revoked);
                break;
            default:
                break;   // a heartbeat, or a word of a newer core
        }
    }

    private void Guarded<T>(T argument, Action<CoreStream, T> work)
        where T : allows ref struct
    {
        try
        {
            work(this, argument);
        }
#pragma warning disable CA1031 // one event that cannot be handled must not cut the link for everybody
        catch (Exception fault)
        {
            EdgeLog.LinkHandlerFaulted(_logger, fault, _number);
        }
#pragma warning restore CA1031
    }

    private PendingAnswer? TakePending(ulong request)
    {
        lock (_pendingGate) return _pending.Remove(request, out PendingAnswer? pending) ? pending : null;   // late: the client has its 503
    }

    private void FailOverdue(long now)
    {
        List<PendingAnswer>? overdue = null;
        lock (_pendingGate)
        {
            foreach (PendingAnswer pending in _pending.Values)
            {
                if (pending.DeadlineMs <= now) (overdue ??= []).Add(pending);
            }

            if (overdue is null) return;
            foreach (PendingAnswer pending in overdue) _pending.Remove(pending.Request);
        }

        foreach (PendingAnswer pending in overdue) Fail(pending);
    }

    private void Cut()
    {
        bool wasUp = _up;
        _up = false;
        lock (_queueGate)
        {
            (_open, _writing) = (false, false);
            _queue.Clear();
        }

        PendingAnswer[] lost;
        lock (_pendingGate)
        {
            lost = [.. _pending.Values];
            _pending.Clear();
        }

        foreach (PendingAnswer pending in lost) Fail(pending);
        if (wasUp) _links.LinkCut(this);
    }

    private void Fail(PendingAnswer pending)
    {
        try
        {
            pending.Failed();
        }
#pragma warning disable CA1031 // one request whose failure cannot be told must not stop the link's timer or its remaking
        catch (Exception fault)
        {
            EdgeLog.LinkHandlerFaulted(_logger, fault, _number);
        }
#pragma warning restore CA1031
    }

    private void EndCall(string cause)
    {
        _endCause = cause;
        try
        {
            _callEnd?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself just now.
        }
    }

    private readonly ref struct HandedBatch(CoreStream stream, ReadOnlySpan<byte> batch)
    {
        public readonly CoreStream Stream = stream;
        public readonly ReadOnlySpan<byte> Batch = batch;
    }
}
