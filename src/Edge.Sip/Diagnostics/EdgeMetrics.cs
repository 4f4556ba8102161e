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
    private readonly Counter<long> _dropped;
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
        _refusedConnections = _meter.CreateCounter<long>("edge.connections.refused", "{connection}", "Connections closed before their handshake, by cause: too many in all or from one address, or too many within a second.");
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
        _dropped = _meter.CreateCounter<long>("edge.pushes.dropped", "{message}", "Pushes of a core that were not taken, by cause.");
        _linkCuts = _meter.CreateCounter<long>("edge.link.cuts", "{cut}", "Links to a core that ended.");
        _certificates = _meter.CreateCounter<long>("edge.certificate.reads", "{read}", "Changed certificate files that were read, by outcome: taken, refused.");
        _linkCertificates = _meter.CreateCounter<long>("edge.link.certificate.reads", "{read}", "Changed certificate files of the link that were read, by outcome: taken, refused.");
        string version = Version;
        _meter.CreateObservableGauge("edge.build.info", () => new Measurement<long>(1, new KeyValuePair<string, object?>("version", version)), null, "Always 1.");
    }

    /// <summary>The software's version.</summary>
    public static string Version { get; } = typeof(EdgeMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Links up and configured, read when scraped.</summary>
    public void ObserveLinks(Func<int> up, Func<int> configured)
    {
        _meter.CreateObservableGauge("edge.link.up", () => (long)up(), "{link}", "Links to cores that are up.");
        _meter.CreateObservableGauge("edge.link.configured", () => (long)configured(), "{link}", "Links to cores that are configured.");
    }

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

    /// <param name="cause">most_connections, address_connections, address_rate.</param>
    public void ConnectionRefused(string cause) => _refusedConnections.Add(1, new KeyValuePair<string, object?>("cause", cause));

    public void AcceptFailed() => _acceptFailures.Add(1);

    public void RequestReceived(SipMethod method) => _requests.Add(1, new KeyValuePair<string, object?>("method", MethodTag(method)));

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
    /// <param name="wasInFlight">Whether <see cref="DeliveryStarted"/> was said of it.</param>
    public void DeliveryEnded(string outcome, bool wasInFlight)
    {
        if (wasInFlight) _inFlight.Add(-1);
        _delivered.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
    }

    /// <param name="kind">response, timeout, flow_lost, not_written.</param>
    public void DeliveryFailed(string kind) => _failed.Add(1, new KeyValuePair<string, object?>("class", kind));

    public void PushDropped(string cause) => _dropped.Add(1, new KeyValuePair<string, object?>("cause", cause));

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
