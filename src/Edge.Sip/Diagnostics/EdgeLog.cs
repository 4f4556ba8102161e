using System.Net.Sockets;
using Edge.Sip.Transport;

namespace Edge.Sip.Diagnostics;

/// <summary>Every line the edge logs. Ids 100 to 399; alerts rely on ids and names: never reused, never renamed.</summary>
/// <remarks>100 to 199: process and transport (next free: 108). 200 to 299: requests (next: 202). 300 to 399: link and delivery (next: 313).</remarks>
internal static partial class EdgeLog
{
    [LoggerMessage(EventId = 100, EventName = "EdgeStarted", Level = LogLevel.Information, Message = "Edge {EdgeId} version {Version} listens on port {Port}")]
    public static partial void EdgeStarted(ILogger logger, string edgeId, string version, int port);

    [LoggerMessage(EventId = 101, EventName = "EdgeStopping", Level = LogLevel.Information, Message = "Edge {EdgeId} stops")]
    public static partial void EdgeStopping(ILogger logger, string edgeId);

    [LoggerMessage(EventId = 102, EventName = "AcceptFailed", Level = LogLevel.Error, Message = "Accepting a connection failed: {Error}; raise the limit of open files if this repeats")]
    public static partial void AcceptFailed(ILogger logger, SocketError error);

    [LoggerMessage(EventId = 103, EventName = "ConnectionEnded", Level = LogLevel.Debug, Message = "Connection {Flow} ended: {Reason}")]
    public static partial void ConnectionEnded(ILogger logger, ulong flow, EndReason reason);

    [LoggerMessage(EventId = 104, EventName = "ConnectionFaulted", Level = LogLevel.Error, Message = "Connection {Flow} was ended by a fault of this program")]
    public static partial void ConnectionFaulted(ILogger logger, Exception fault, ulong flow);

    [LoggerMessage(EventId = 105, EventName = "SweepFaulted", Level = LogLevel.Error, Message = "The sweep of deadlines failed")]
    public static partial void SweepFaulted(ILogger logger, Exception fault);

    [LoggerMessage(EventId = 106, EventName = "CertificateTaken", Level = LogLevel.Information, Message = "New connections are shown the certificate {SerialNumber}, valid to {NotAfter:u}")]
    public static partial void CertificateTaken(ILogger logger, string serialNumber, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 107, EventName = "CertificateRefused", Level = LogLevel.Error, Message = "The changed certificate cannot be used, the one before stays in use: {Fault}")]
    public static partial void CertificateRefused(ILogger logger, string fault);

    [LoggerMessage(EventId = 108, EventName = "DescriptorsFew", Level = LogLevel.Warning, Message = "This process may have {Descriptors} files open, fewer than the {Connections} connections of Sip:MostConnections: raise the limit (ulimit -n, LimitNOFILE) or lower the setting")]
    public static partial void DescriptorsFew(ILogger logger, long descriptors, int connections);

    [LoggerMessage(EventId = 200, EventName = "RequestRefused", Level = LogLevel.Debug, Message = "Connection {Flow}: {Status} ({Cause})")]
    public static partial void RequestRefused(ILogger logger, ulong flow, int status, string cause);

    [LoggerMessage(EventId = 201, EventName = "AnswerNotWritten", Level = LogLevel.Error, Message = "Connection {Flow}: answer {Status} could not be written")]
    public static partial void AnswerNotWritten(ILogger logger, ulong flow, int status);

    [LoggerMessage(EventId = 300, EventName = "LinkUp", Level = LogLevel.Information, Message = "Link {Link} to the core is up: epoch {Epoch}")]
    public static partial void LinkUp(ILogger logger, int link, long epoch);

    [LoggerMessage(EventId = 301, EventName = "LinkDown", Level = LogLevel.Warning, Message = "Link {Link} to the core is down: {Cause}")]
    public static partial void LinkDown(ILogger logger, int link, string cause);

    [LoggerMessage(EventId = 302, EventName = "LinkNotMade", Level = LogLevel.Warning, Message = "Link {Link} to the core could not be made: {Cause}; next try in {DelayMs} ms")]
    public static partial void LinkNotMade(ILogger logger, int link, string cause, long delayMs);

    [LoggerMessage(EventId = 303, EventName = "LinkHandlerFaulted", Level = LogLevel.Error, Message = "Link {Link}: an event of the core could not be handled")]
    public static partial void LinkHandlerFaulted(ILogger logger, Exception fault, int link);

    [LoggerMessage(EventId = 304, EventName = "SnapshotSent", Level = LogLevel.Information, Message = "A core that is there again was told of {Bindings} bindings")]
    public static partial void SnapshotSent(ILogger logger, int bindings);

    [LoggerMessage(EventId = 305, EventName = "OutboxFull", Level = LogLevel.Error, Message = "Too many unconfirmed reports: one was dropped; if it told of a delivery, that message will be delivered again")]
    public static partial void OutboxFull(ILogger logger);

    [LoggerMessage(EventId = 306, EventName = "DeliveryEnded", Level = LogLevel.Debug, Message = "Connection {Flow}: message {MessageId}, try {Attempt}: {Outcome} ({Status})")]
    public static partial void DeliveryEnded(ILogger logger, ulong flow, string messageId, uint attempt, string outcome, int status);

    [LoggerMessage(EventId = 307, EventName = "DeliveryNotWritten", Level = LogLevel.Warning, Message = "Connection {Flow}: message {MessageId} could not be written")]
    public static partial void DeliveryNotWritten(ILogger logger, ulong flow, string messageId);

    [LoggerMessage(EventId = 308, EventName = "PushDropped", Level = LogLevel.Debug, Message = "Connection {Flow}: push dropped ({Cause})")]
    public static partial void PushDropped(ILogger logger, ulong flow, string cause);

    [LoggerMessage(EventId = 309, EventName = "TicketRefused", Level = LogLevel.Debug, Message = "Connection {Flow}: the registration is not valid any more")]
    public static partial void TicketRefused(ILogger logger, ulong flow);

    [LoggerMessage(EventId = 310, EventName = "LinkCertificateTaken", Level = LogLevel.Information, Message = "New links show the certificate {SerialNumber}, valid to {NotAfter:u}")]
    public static partial void LinkCertificateTaken(ILogger logger, string serialNumber, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 311, EventName = "LinkCertificateRefused", Level = LogLevel.Error, Message = "The changed certificate of the link cannot be used, the one before stays in use: {Fault}")]
    public static partial void LinkCertificateRefused(ILogger logger, string fault);

    [LoggerMessage(EventId = 312, EventName = "LinkCarrierChosen", Level = LogLevel.Information, Message = "Links to cores are carried by {Carrier}")]
    public static partial void LinkCarrierChosen(ILogger logger, string carrier);
}
