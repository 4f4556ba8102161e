using System.Diagnostics.Metrics;
using System.Reflection;
using Api.Grpc.EdgeLink;
using Api.Grpc.Hosting;
using Api.Grpc.Streams;
using Api.Grpc.Translation;
using Core.Store.Mailboxes;
using Edge.Link.V1;

namespace Api.Grpc.Diagnostics;

/// <summary>What the core counts beside its store. Callers say what happened; names, units and tags live only here.</summary>
internal sealed class CoreMetrics
{
    public const string MeterName = "Api.Grpc";

    /// <summary>Why a connection was refused: there are too many in all.</summary>
    public const string MostConnections = "most_connections";

    /// <summary>Why a connection was refused: there are too many from its address.</summary>
    public const string AddressConnections = "address_connections";

    private readonly Counter<long> _accepted;
    private readonly Counter<long> _connectionsRefused;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _registrations;
    private readonly Counter<long> _linkRefused;
    private readonly Counter<long> _reportsIgnored;
    private readonly Counter<long> _eventsMalformed;
    private readonly Counter<long> _eventsFaulted;
    private readonly Counter<long> _pushesDropped;
    private readonly UpDownCounter<long> _links;
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _changesTold;
    private readonly Counter<long> _received;
    private readonly Counter<long> _acknowledgements;
    private readonly Counter<long> _certificates;
    private readonly Meter _meter;

    public CoreMetrics(IMeterFactory meters)
    {
        Meter meter = _meter = meters.Create(MeterName);
        _accepted = meter.CreateCounter<long>("edge.messages.accepted", "{message}", "Messages accepted for the first time, by way in.");
        _connectionsRefused = meter.CreateCounter<long>("edge.listener.connections.refused", "{connection}", "Connections closed before their handshake, by listener (api, admin) and cause: too many in all or from one address.");
        _refused = meter.CreateCounter<long>("edge.messages.refused", "{request}", "Requests refused, by way in and reason.");
        _registrations = meter.CreateCounter<long>("edge.registrations", "{registration}", "Registrations with credentials, by outcome.");
        _linkRefused = meter.CreateCounter<long>("edge.link.refused", "{event}", "Links (event Hello) and events of edges that were refused, by event and reason; registrations with credentials have a counter of their own.");
        _eventsMalformed = meter.CreateCounter<long>("edge.link.events.malformed", "{event}", "Events of edges that the protocol does not allow.");
        _eventsFaulted = meter.CreateCounter<long>("edge.link.events.faulted", "{event}", "Events of edges that met a fault of the core, by kind.");
        _reportsIgnored = meter.CreateCounter<long>("edge.link.reports.ignored", "{report}", "Delivery reports without a valid token.");
        _pushesDropped = meter.CreateCounter<long>("edge.link.pushes.dropped", "{push}", "Pushes dropped because a link was behind; the sweep finds them again.");
        _links = meter.CreateUpDownCounter<long>("edge.links.up", "{link}", "Edges connected just now.");
        _streams = meter.CreateUpDownCounter<long>("edge.streams.open", "{stream}", "Streams of clients open just now, by kind.");
        _changesTold = meter.CreateCounter<long>("edge.streams.changes", "{change}", "Status changes told on streams, by state.");
        _received = meter.CreateCounter<long>("edge.streams.deliveries", "{message}", "Messages and receipts written to receiving streams; one that comes again counts again.");
        _acknowledgements = meter.CreateCounter<long>("edge.streams.acknowledgements", "{message}", "What became of deliveries on receiving streams, by outcome.");
        _certificates = meter.CreateCounter<long>("edge.certificate.reads", "{read}", "Changed certificate files that were read, by listener and outcome: taken, refused.");
        meter.CreateObservableGauge("edge.build.info", static () => new Measurement<int>(1, new KeyValuePair<string, object?>("edge.version", Version), new KeyValuePair<string, object?>("edge.part", "core")), null, "Always 1; its tags say what runs.");
    }

    /// <summary>Of this build.</summary>
    public static string Version { get; } =
        typeof(CoreMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Shows what has not happened yet as 0: the first of its kind is then a rise that an alert sees, and not a new series.</summary>
    public void Begin()
    {
        foreach (WayIn way in (ReadOnlySpan<WayIn>)[WayIn.Post, WayIn.Grpc, WayIn.Sip])
        {
            KeyValuePair<string, object?> tag = new("edge.way", Ways.Tag(way));
            _accepted.Add(0, tag);
            foreach (Reason reason in Enum.GetValues<Reason>())
                _refused.Add(0, tag, new KeyValuePair<string, object?>("edge.reason", StatusMapping.Of(reason).Name));
        }

        foreach (RegisterOutcome outcome in Enum.GetValues<RegisterOutcome>())
        {
            if (outcome != RegisterOutcome.Unspecified) _registrations.Add(0, OutcomeTag(outcome));
        }

        foreach (EdgeEvent.EventOneofCase kind in Enum.GetValues<EdgeEvent.EventOneofCase>())
        {
            if (kind != EdgeEvent.EventOneofCase.None) _eventsFaulted.Add(0, new KeyValuePair<string, object?>("edge.event", kind.ToString()));
        }

        foreach (Listener listener in (ReadOnlySpan<Listener>)[Listener.Api, Listener.Admin])
        {
            foreach (string cause in (ReadOnlySpan<string>)[MostConnections, AddressConnections]) _connectionsRefused.Add(0, ListenerTag(NameOf(listener)), CauseTag(cause));
        }

        foreach (string listener in (ReadOnlySpan<string>)[NameOf(Listener.Api), NameOf(Listener.Link)])
        {
            foreach (string outcome in (ReadOnlySpan<string>)["taken", "refused"]) _certificates.Add(0, ListenerTag(listener), new KeyValuePair<string, object?>("edge.outcome", outcome));
        }

        foreach (StreamKind kind in Enum.GetValues<StreamKind>()) _streams.Add(0, Tag(kind));
        foreach (Counter<long> counter in (ReadOnlySpan<Counter<long>>)[_reportsIgnored, _eventsMalformed, _pushesDropped, _received]) counter.Add(0);
        foreach (LinkRefusal refusal in Enum.GetValues<LinkRefusal>()) _linkRefused.Add(0, new KeyValuePair<string, object?>("edge.event", nameof(EdgeEvent.EventOneofCase.Hello)), RefusalTag(refusal));
        foreach (EdgeEvent.EventOneofCase kind in Enum.GetValues<EdgeEvent.EventOneofCase>())
        {
            if (kind != EdgeEvent.EventOneofCase.None) _linkRefused.Add(0, new KeyValuePair<string, object?>("edge.event", kind.ToString()), RefusalTag(LinkRefusal.Ticket));
        }

        foreach (string outcome in (ReadOnlySpan<string>)["written", "unknown", "bad_token", "timeout"]) _acknowledgements.Add(0, new KeyValuePair<string, object?>("edge.outcome", outcome));
        _links.Add(0);
    }

    public void Accepted(WayIn way) => _accepted.Add(1, new KeyValuePair<string, object?>("edge.way", Ways.Tag(way)));

    public void Refused(WayIn way, Reason reason) => _refused.Add(
        1, new KeyValuePair<string, object?>("edge.way", Ways.Tag(way)), new KeyValuePair<string, object?>("edge.reason", StatusMapping.Of(reason).Name));

    public void Registration(RegisterOutcome outcome) => _registrations.Add(1, OutcomeTag(outcome));

    /// <param name="kind">What the edge sent; Hello for the link itself.</param>
    /// <param name="why">Why not.</param>
    public void LinkRefused(EdgeEvent.EventOneofCase kind, LinkRefusal why) => _linkRefused.Add(1, new KeyValuePair<string, object?>("edge.event", kind.ToString()), RefusalTag(why));

    public void EventMalformed() => _eventsMalformed.Add(1);

    /// <param name="kind">Of the link's protocol.</param>
    public void EventFaulted(Edge.Link.V1.EdgeEvent.EventOneofCase kind) => _eventsFaulted.Add(1, new KeyValuePair<string, object?>("edge.event", kind.ToString()));

    public void ConnectionRefused(Listener listener, string cause) => _connectionsRefused.Add(1, ListenerTag(NameOf(listener)), CauseTag(cause));

    public void ReportIgnored() => _reportsIgnored.Add(1);

    public void PushDropped() => _pushesDropped.Add(1);

    public void LinkUp() => _links.Add(1);

    public void LinkDown() => _links.Add(-1);

    public void StreamOpened(StreamKind kind) => _streams.Add(1, Tag(kind));

    public void StreamClosed(StreamKind kind) => _streams.Add(-1, Tag(kind));

    public void ChangeTold(MessageState state) => _changesTold.Add(1, new KeyValuePair<string, object?>("edge.state", state switch
    {
        MessageState.Delivered => "delivered",
        MessageState.Expired => "expired",
        MessageState.InvalidRecipient => "invalid_recipient",
        MessageState.InvalidDevice => "invalid_device",
        MessageState.InvalidPayload => "invalid_payload",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not an end."),
    }));

    public void Received() => _received.Add(1);

    /// <param name="known">False for a message that the store knows no more.</param>
    public void Acknowledged(bool known) => Acknowledgement(known ? "written" : "unknown");

    public void AcknowledgementRefused() => Acknowledgement("bad_token");

    public void NotAcknowledged() => Acknowledgement("timeout");

    /// <param name="read">Listeners, and when the certificate of each ends, Unix seconds.</param>
    public void ObserveCertificates(Func<IEnumerable<(string Listener, long NotAfter)>> read) => _meter.CreateObservableGauge(
        "edge.certificate.not_after", () => read().Select(static one => new Measurement<long>(one.NotAfter, ListenerTag(one.Listener))), "s", "When the certificate of a listener ends, in Unix time.");

    public void CertificateRead(string listener, bool taken) => _certificates.Add(1, ListenerTag(listener), new KeyValuePair<string, object?>("edge.outcome", taken ? "taken" : "refused"));

    private static KeyValuePair<string, object?> OutcomeTag(RegisterOutcome outcome) => new("edge.outcome", outcome switch
    {
        RegisterOutcome.Bound => "bound",
        RegisterOutcome.BadCredentials => "bad_credentials",
        RegisterOutcome.StaleNonce => "stale_nonce",
        RegisterOutcome.BadTicket => "bad_ticket",
        RegisterOutcome.StoreUnavailable => "store_unavailable",
        RegisterOutcome.TooManyFailures => "too_many_failures",
        RegisterOutcome.RegisterFault => "fault",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    });

    private static KeyValuePair<string, object?> RefusalTag(LinkRefusal why) => new("edge.reason", why switch
    {
        LinkRefusal.Certificate => "certificate",
        LinkRefusal.Hello => "hello",
        LinkRefusal.EdgeId => "edge_id",
        LinkRefusal.Superseded => "superseded",
        LinkRefusal.Store => "store",
        LinkRefusal.Ticket => "bad_ticket",
        _ => throw new ArgumentOutOfRangeException(nameof(why)),
    });

    private static KeyValuePair<string, object?> ListenerTag(string listener) => new("edge.listener", listener);

    private static KeyValuePair<string, object?> CauseTag(string cause) => new("edge.cause", cause);

    private static string NameOf(Listener listener) => listener switch
    {
        Listener.Api => "api",
        Listener.Admin => "admin",
        Listener.Link => "link",
        Listener.Metrics => "metrics",
        _ => throw new ArgumentOutOfRangeException(nameof(listener)),
    };

    private void Acknowledgement(string outcome) => _acknowledgements.Add(1, new KeyValuePair<string, object?>("edge.outcome", outcome));

    private static KeyValuePair<string, object?> Tag(StreamKind kind) => new("edge.kind", kind switch
    {
        StreamKind.Watch => "watch",
        StreamKind.Receive => "receive",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    });
}
