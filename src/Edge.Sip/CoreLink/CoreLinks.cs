using System.Security.Cryptography;
using Edge.Link.V1;
using Edge.Sip.CoreLink.Carriers;
using Edge.Sip.Diagnostics;
using Edge.Sip.Transport;
using Edge.Sip.Transport.Native;
using Google.Protobuf;

namespace Edge.Sip.CoreLink;

/// <summary>One stream to every core, over mutual TLS with the link's own CA.</summary>
internal sealed class CoreLinks : ICoreLinks, IDisposable
{
    private const int MostUnconfirmed = 100_000;   // about 30 MB; a core that is back confirms them in a second
    internal static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(250);

    private readonly CoreStream[] _streams;
    private readonly Outbox _outbox;
    private readonly Func<ICoreLink?> _pickAny;
    private readonly CancellationTokenSource _stopping = new();
    private readonly EdgeClock _clock;
    private ITimer? _ticks;
    private Task _running = Task.CompletedTask;
    private int _next;

    public CoreLinks(CoreOptions options, EdgeOptions edge, ITransport transport, EdgeClock clock, EdgeMetrics metrics, ILogger<CoreLinks> logger)
    {
        _clock = clock;
        _outbox = new Outbox(MostUnconfirmed, clock, () =>
        {
            metrics.OutboxDropped();
            EdgeLog.OutboxFull(logger);
        });
        _pickAny = PickAny;
        ByteString instance = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16));
        NativeTransport? reactors = Http2.IsAvailable() ? transport as NativeTransport : null;
        LinkIdentity identity = new(options, clock, metrics, logger, native: reactors is not null);
        EdgeLog.LinkCarrierChosen(logger, reactors is not null ? "nghttp2 on the reactors" : transport is NativeTransport ? "gRPC's client, since libnghttp2 is not here" : "gRPC's client");
        _streams = new CoreStream[options.Endpoints.Count];
        for (int i = 0; i < _streams.Length; i++)
        {
            _streams[i] = new CoreStream(
                i, CarrierOf(i, options.Endpoints[i], identity, reactors), () => new Hello { EdgeId = edge.Id, Instance = instance, Protocol = 1, Version = EdgeMetrics.Version },
                this, clock, metrics, logger, TimeSpan.FromSeconds(options.AnswerSeconds));
        }

        metrics.ObserveLinks(() => UpCount, () => _streams.Length);
        metrics.ObserveOutbox(() => Unconfirmed);
    }

    /// <summary>Who takes what comes down; set before <see cref="Start"/>.</summary>
    public ILinkEvents Events { get; set; } = null!;

    public int UpCount
    {
        get
        {
            int up = 0;
            foreach (CoreStream stream in _streams)
            {
                if (stream.IsUp) up++;
            }

            return up;
        }
    }

    /// <summary>Reports and unregistrations not confirmed.</summary>
    public int Unconfirmed => _outbox.Count;

    public void Start()
    {
        Task[] running = new Task[_streams.Length];
        for (int i = 0; i < running.Length; i++)
        {
            CoreStream stream = _streams[i];
            running[i] = Task.Run(() => stream.RunAsync(_stopping.Token));
        }

        _running = Task.WhenAll(running);
        _ticks = _clock.Time.CreateTimer(static links => ((CoreLinks)links!).Tick(), this, TickTime, TickTime);
    }

    /// <summary>Gives what is queued and unconfirmed the time the token allows, then closes the links.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        while (_outbox.Count > 0 && UpCount > 0 && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(10, CancellationToken.None).ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_ticks is not null) await _ticks.DisposeAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    public void Dispose()
    {
        foreach (CoreStream stream in _streams) stream.Dispose();
        _stopping.Dispose();
        _ticks?.Dispose();
    }

    public ICoreLink? Pick(ReadOnlySpan<byte> user)
    {
        if (_streams.Length == 1) return _streams[0].IsUp ? _streams[0] : null;
        ulong hash = Fnv1a(user);
        CoreStream? best = null;
        ulong bestRank = 0;
        for (int i = 0; i < _streams.Length; i++)   // highest rank wins: when a core goes, only its accounts move
        {
            if (!_streams[i].IsUp) continue;
            ulong rank = (hash ^ ((ulong)i * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
            rank ^= rank >> 32;
            if (best is not null && rank <= bestRank) continue;
            best = _streams[i];
            bestRank = rank;
        }

        return best;
    }

    public void Report(DeliveryReport report, ICoreLink origin)
    {
        Keep(new EdgeEvent { DeliveryReport = report }, origin.IsUp ? origin : PickAny());
    }

    public void Unregister(ulong flow, string user, bool byClient, string reason)
    {
        Span<byte> name = stackalloc byte[64];
        int length = System.Text.Encoding.ASCII.GetBytes(user, name);
        KeepUnregister(flow, user, byClient, reason, Pick(name[..length]));
    }

    public void UnregisterStray(ulong flow, string user, ICoreLink origin)
    {
        if (!_outbox.HoldsUnregister(flow, user)) KeepUnregister(flow, user, byClient: false, "stray", origin);
    }

    public bool ForgetUnregister(ulong flow, string user) => _outbox.Forget(flow, user);

    internal void LinkUp(CoreStream stream)
    {
        _outbox.SendDue(() => stream);
        Events.LinkUp(stream);
    }

    internal void LinkCut(CoreStream stream)
    {
        _outbox.LinkCut(stream);
        Events.LinkCut(stream);
    }

    internal void Confirm(ulong number, bool retry) => _outbox.Confirm(number, retry);

    /// <summary>On a reactor beside the clients' connections where there is one: nothing on a message's way through the edge then changes threads.</summary>
    private static ILinkCarrier CarrierOf(int number, string endpoint, LinkIdentity identity, NativeTransport? reactors) =>
        reactors is not null ? new NativeLinkCarrier(number, endpoint, identity, reactors) : new GrpcLinkCarrier(endpoint, identity);

    private static ulong Fnv1a(ReadOnlySpan<byte> text)
    {
        ulong hash = 14_695_981_039_346_656_037;
        foreach (byte b in text) hash = (hash ^ b) * 1_099_511_628_211;
        return hash;
    }

    private void KeepUnregister(ulong flow, string user, bool byClient, string reason, ICoreLink? link)
    {
        long longestMs = 0;
        foreach (CoreStream stream in _streams) longestMs = Math.Max(longestMs, (stream.Settings?.MaxExpires ?? 0) * 1_000L);
        Keep(new EdgeEvent { Unregister = new Unregister { Flow = flow, User = user, ByClient = byClient, Reason = reason } }, link, _clock.NowMs + longestMs);
    }

    private void Keep(EdgeEvent happened, ICoreLink? link, long untilMs = long.MaxValue)
    {
        // Kept before it is posted: its confirmation may be here before Post returns. A post that fails is due again after the cut.
        _outbox.Add(happened, link, untilMs);
        if (link is not null && !link.Post(happened)) _outbox.LinkCut(link);
    }

    private CoreStream? PickAny()
    {
        for (int i = 0; i < _streams.Length; i++)
        {
            CoreStream stream = _streams[(uint)Interlocked.Increment(ref _next) % (uint)_streams.Length];
            if (stream.IsUp) return stream;
        }

        return null;
    }

    private void Tick()
    {
        foreach (CoreStream stream in _streams) stream.Tick();
        _outbox.SendDue(_pickAny);
    }
}
