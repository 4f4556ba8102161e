using System.Diagnostics.Metrics;
using System.Reflection;
using Edge.Sip.Parsing;
using Edge.Sip.Requests;
using Edge.Sip.Transport;

namespace Edge.Sip.Diagnostics;

/// <summary>What the edge counts. Callers say what happened; names, units and tags live only here, tags from closed sets.</summary>
internal sealed class EdgeMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Edge.Sip";

    private readonly UpDownCounter<long> _connections;
    private readonly UpDownCounter<long> _registrations;
    private readonly UpDownCounter<long> _inFlight;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _refusedConnections;
    private readonly Counter<long> _acceptFailures;
    private readonly Counter<long> _handshakesFailed;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _registers;
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _discarded;
    private readonly Counter<long> _responsesIgnored;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _failed;
    private readonly Histogram<double> _answerTime;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _outboxDropped;
    private readonly Counter<long> _linkCuts;
    private readonly Counter<long> _certificates;
    private readonly Counter<long> _linkCertificates;
    private readonly Meter _meter;

    public EdgeMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _connections = _meter.CreateUpDownCounter<long>("edge.connections", "{connection}", "Client connections open, handshakes included.");
        _registrations = _meter.CreateUpDownCounter<long>("edge.registrations", "{registration}", "Accounts registered on open connections.");
        _inFlight = _meter.CreateUpDownCounter<long>("edge.deliveries.in_flight", "{message}", "MESSAGEs sent to devices and not answered yet.");
        _accepted = _meter.CreateCounter<long>("edge.connections.accepted", "{connection}", "Connections accepted.");
        _ended = _meter.CreateCounter<long>("edge.connections.ended", "{connection}", "Connections ended, by reason.");
        _refusedConnections = _meter.CreateCounter<long>("edge.connections.refused", "{connection}", "Connections closed before their handshake, by cause: too many in all or from one address, too many within a second, or no memory.");
        _acceptFailures = _meter.CreateCounter<long>("edge.accept.failures", "{failure}", "Accepts that failed.");
        _handshakesFailed = _meter.CreateCounter<long>("edge.handshakes.failed", "{handshake}", "TLS handshakes that failed or took too long.");
        _requests = _meter.CreateCounter<long>("edge.requests", "{request}", "Requests received, by method.");
        _refused = _meter.CreateCounter<long>("edge.requests.refused", "{request}", "Requests refused, by status and fault.");
        _registers = _meter.CreateCounter<long>("edge.registers", "{request}", "REGISTERs answered, by outcome.");
        _submitted = _meter.CreateCounter<long>("edge.messages.accepted", "{message}", "MESSAGEs of clients answered 202.");
        _discarded = _meter.CreateCounter<long>("edge.messages.dropped", "{message}", "MESSAGEs of clients answered 200 and not kept, by kind: notifications and signs of typing.");
        _responsesIgnored = _meter.CreateCounter<long>("edge.responses.ignored", "{response}", "Responses of clients that match no request sent on their connection.");
        _delivered = _meter.CreateCounter<long>("edge.deliveries", "{message}", "Tries to deliver that ended, by outcome.");
        _failed = _meter.CreateCounter<long>("edge.deliveries.failed", "{message}", "Tries to deliver that failed, by class.");
        _answerTime = _meter.CreateHistogram("edge.delivery.duration", "s", "From the write of a MESSAGE to a device to its final response, or to its end without one, by outcome.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 32] });
        _dropped = _meter.CreateCounter<long>("edge.pushes.dropped", "{message}", "Pushes of a core that were not taken, by cause.");
        _outboxDropped = _meter.CreateCounter<long>("edge.outbox.dropped", "{event}", "Reports and unregistrations dropped because too many were unconfirmed.");
        _linkCuts = _meter.CreateCounter<long>("edge.link.cuts", "{cut}", "Links to a core that ended.");
        _certificates = _meter.CreateCounter<long>("edge.certificate.reads", "{read}", "Changed certificate files that were read, by outcome: taken, refused.");
        _linkCertificates = _meter.CreateCounter<long>("edge.link.certificate.reads", "{read}", "Changed certificate files of the link that were read, by outcome: taken, refused.");
        string version = Version;
        _meter.CreateObservableGauge("edge.build.info", () => new Measurement<long>(1, new KeyValuePair<string, object?>("version", version)), null, "Always 1.");
    }

    /// <summary>The software's version.</summary>
    public static string Version { get; } = typeof(EdgeMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Shows what has not happened yet as 0: the first of its kind is then a rise that an alert sees, and not a new series.</summary>
    public void Begin()
    {
        foreach (EndReason reason in Enum.GetValues<EndReason>())
        {
            if (reason != EndReason.None) _ended.Add(0, new KeyValuePair<string, object?>("reason", EndReasons.Tag(reason)));
        }

        foreach (string cause in (ReadOnlySpan<string>)["most_connections", "address_connections", "address_rate", "no_memory"]) _refusedConnections.Add(0, new KeyValuePair<string, object?>("cause", cause));
        foreach (SipMethod method in (ReadOnlySpan<SipMethod>)[SipMethod.Register, SipMethod.Message, SipMethod.Options]) _requests.Add(0, new KeyValuePair<string, object?>("method", MethodTag(method)));
        foreach (string outcome in (ReadOnlySpan<string>)["bound", "refreshed", "queried", "unregistered", "challenged", "bad_credentials", "stale", "refused", "locked_out", "address_locked_out", "busy", "unavailable", "fault"])
            _registers.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (string outcome in (ReadOnlySpan<string>)["accepted", "refused", "failed", "expired"]) _delivered.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (string kind in (ReadOnlySpan<string>)["response", "timeout", "flow_lost", "not_written"]) _failed.Add(0, new KeyValuePair<string, object?>("class", kind));
        foreach (string cause in (ReadOnlySpan<string>)["repeat", "gap", "full", "unknown_flow", "unknown_binding"]) _dropped.Add(0, new KeyValuePair<string, object?>("cause", cause));
        foreach ((int status, string fault) in Refusals.All) _refused.Add(0, new KeyValuePair<string, object?>("status", status), new KeyValuePair<string, object?>("fault", fault));
        foreach (string kind in (ReadOnlySpan<string>)["notification", "composing"]) _discarded.Add(0, new KeyValuePair<string, object?>("kind", kind));
        foreach (Counter<long> counter in (ReadOnlySpan<Counter<long>>)[_certificates, _linkCertificates])
        {
            foreach (string outcome in (ReadOnlySpan<string>)["taken", "refused"]) counter.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        }

        foreach (Counter<long> counter in (ReadOnlySpan<Counter<long>>)[_accepted, _acceptFailures, _handshakesFailed, _submitted, _responsesIgnored, _outboxDropped, _linkCuts]) counter.Add(0);
        foreach (UpDownCounter<long> counter in (ReadOnlySpan<UpDownCounter<long>>)[_connections, _registrations, _inFlight]) counter.Add(0);
    }

    /// <param name="seconds">Read when scraped; 0 without one.</param>
    public void ObserveOldestDelivery(Func<double> seconds) =>
        _meter.CreateObservableGauge("edge.deliveries.oldest", seconds, "s", "Age of the oldest MESSAGE that a device has not answered; after 32 s it counts as a failed try.");

    /// <param name="addresses">Read when scraped.</param>
    public void ObserveAddresses(Func<int> addresses) =>
        _meter.CreateObservableGauge("edge.addresses", () => (long)addresses(), "{address}", "Client addresses whose connections and failures are counted.");

    /// <summary>Links up and configured, read when scraped.</summary>
    public void ObserveLinks(Func<int> up, Func<int> configured)
    {
        _meter.CreateObservableGauge("edge.link.up", () => (long)up(), "{link}", "Links to cores that are up.");
        _meter.CreateObservableGauge("edge.link.configured", () => (long)configured(), "{link}", "Links to cores that are configured.");
    }

    /// <param name="unconfirmed">Read when scraped.</param>
    public void ObserveOutbox(Func<int> unconfirmed) =>
        _meter.CreateObservableGauge("edge.outbox.unconfirmed", () => (long)unconfirmed(), "{event}", "Reports and unregistrations that no core has confirmed; at 100,000 the oldest are dropped.");

    /// <param name="notAfter">Unix seconds, read when scraped.</param>
    public void ObserveCertificate(Func<long> notAfter) =>
        _meter.CreateObservableGauge("edge.certificate.not_after", notAfter, "s", "When the certificate shown to clients ends, in Unix time.");

    public void ObserveLinkCertificate(Func<long> notAfter) =>
        _meter.CreateObservableGauge("edge.link.certificate.not_after", notAfter, "s", "When the certificate shown to cores ends, in Unix time.");

    public void CertificateRead(bool taken) => _certificates.Add(1, new KeyValuePair<string, object?>("outcome", taken ? "taken" : "refused"));

    public void LinkCertificateRead(bool taken) => _linkCertificates.Add(1, new KeyValuePair<string, object?>("outcome", taken ? "taken" : "refused"));

    public void ConnectionAccepted()
    {
        _accepted.Add(1);
        _connections.Add(1);
    }

    public void ConnectionEnded(EndReason reason)
    {
        _connections.Add(-1);
        _ended.Add(1, new KeyValuePair<string, object?>("reason", EndReasons.Tag(reason)));
        if (reason is EndReason.HandshakeFailed or EndReason.HandshakeTimeout) _handshakesFailed.Add(1);
    }

    /// <param name="cause">most_connections, address_connections, address_rate, no_memory.</param>
    public void ConnectionRefused(string cause) => _refusedConnections.Add(1, new KeyValuePair<string, object?>("cause", cause));

    public void AcceptFailed() => _acceptFailures.Add(1);

    public void RequestReceived(SipMethod method) => _requests.Add(1, new KeyValuePair<string, object?>("method", MethodTag(method)));

    /// <summary>One of <see cref="Refusals.All"/>.</summary>
    public void RequestRefused(int status, string fault) =>
        _refused.Add(1, new KeyValuePair<string, object?>("status", status), new KeyValuePair<string, object?>("fault", fault));

    public void RegisterAnswered(string outcome) => _registers.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void RegistrationsChanged(int by) => _registrations.Add(by);

    public void MessageAccepted() => _submitted.Add(1);

    public void MessageDropped(MessageBodyKind kind) =>
        _discarded.Add(1, new KeyValuePair<string, object?>("kind", kind == MessageBodyKind.Notification ? "notification" : "composing"));

    public void ResponseIgnored() => _responsesIgnored.Add(1);

    public void DeliveryStarted() => _inFlight.Add(1);

    /// <param name="outcome">accepted, refused, failed, expired.</param>
    /// <param name="inFlight">For how long, if <see cref="DeliveryStarted"/> was said of it.</param>
    public void DeliveryEnded(string outcome, TimeSpan? inFlight)
    {
        KeyValuePair<string, object?> tag = new("outcome", outcome);
        _delivered.Add(1, tag);
        if (inFlight is not { } age) return;
        _inFlight.Add(-1);
        _answerTime.Record(age.TotalSeconds, tag);
    }

    /// <param name="kind">response, timeout, flow_lost, not_written.</param>
    public void DeliveryFailed(string kind) => _failed.Add(1, new KeyValuePair<string, object?>("class", kind));

    public void PushDropped(string cause) => _dropped.Add(1, new KeyValuePair<string, object?>("cause", cause));

    public void OutboxDropped() => _outboxDropped.Add(1);

    public void LinkCut() => _linkCuts.Add(1);

    private static string MethodTag(SipMethod method) => method switch
    {
        SipMethod.Unknown => "unknown",
        SipMethod.Ack => "ACK",
        SipMethod.Bye => "BYE",
        SipMethod.Cancel => "CANCEL",
        SipMethod.Info => "INFO",
        SipMethod.Invite => "INVITE",
        SipMethod.Message => "MESSAGE",
        SipMethod.Notify => "NOTIFY",
        SipMethod.Options => "OPTIONS",
        SipMethod.Prack => "PRACK",
        SipMethod.Publish => "PUBLISH",
        SipMethod.Refer => "REFER",
        SipMethod.Register => "REGISTER",
        SipMethod.Subscribe => "SUBSCRIBE",
        SipMethod.Update => "UPDATE",
        _ => throw new System.Diagnostics.UnreachableException($"no name for {method}"),
    };
}
