namespace Api.Grpc.Diagnostics;

/// <summary>400-499: the host and its APIs; 500-599: the edge link. Next free: 407, 510. Alerts rely on ids and names: never reused, never renamed.</summary>
/// <remarks>Never text, passwords, keys or whole addresses. What a peer can cause at will is Debug, and counted.</remarks>
internal static partial class CoreLog
{
    [LoggerMessage(EventId = 400, EventName = "CoreStarted", Level = LogLevel.Information, Message = "Core {Version} serves API {Api}, admin {Admin}, link {Link}, metrics {Metrics}")]
    public static partial void Started(ILogger logger, string version, string api, string admin, string link, string metrics);

    [LoggerMessage(EventId = 401, EventName = "CoreStopping", Level = LogLevel.Information, Message = "Core is stopping")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(EventId = 402, EventName = "MethodFailed", Level = LogLevel.Error, Message = "{Method} met a fault")]
    public static partial void MethodFailed(ILogger logger, string method, Exception fault);

    [LoggerMessage(EventId = 403, EventName = "AccountsImported", Level = LogLevel.Information, Message = "Import: {Created} created, {Updated} updated, {Unchanged} unchanged, {Faults} refused")]
    public static partial void AccountsImported(ILogger logger, int created, int updated, int unchanged, int faults);

    [LoggerMessage(EventId = 404, EventName = "AccountChanged", Level = LogLevel.Information, Message = "An account was {Change}")]
    public static partial void AccountChanged(ILogger logger, string change);

    [LoggerMessage(EventId = 405, EventName = "CertificateTaken", Level = LogLevel.Information, Message = "New connections to {Listener} are shown the certificate {SerialNumber}, valid to {NotAfter:u}")]
    public static partial void CertificateTaken(ILogger logger, string listener, string serialNumber, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 406, EventName = "CertificateRefused", Level = LogLevel.Error, Message = "The changed certificate of {Listener} cannot be used, the one before stays in use: {Fault}")]
    public static partial void CertificateRefused(ILogger logger, string listener, string fault);

    [LoggerMessage(EventId = 500, EventName = "EdgeConnected", Level = LogLevel.Information, Message = "Edge {EdgeId}, epoch {Epoch}, version {Version}: link up")]
    public static partial void EdgeConnected(ILogger logger, string edgeId, long epoch, string version);

    [LoggerMessage(EventId = 501, EventName = "EdgeDisconnected", Level = LogLevel.Warning, Message = "Edge {EdgeId}, epoch {Epoch}: link down ({Why})")]
    public static partial void EdgeDisconnected(ILogger logger, string edgeId, long epoch, string why);

    [LoggerMessage(EventId = 502, EventName = "EdgeRefused", Level = LogLevel.Warning, Message = "A link was refused: {Why}")]
    public static partial void EdgeRefused(ILogger logger, string why);

    [LoggerMessage(EventId = 503, EventName = "EdgeEventFailed", Level = LogLevel.Error, Message = "Edge {EdgeId}: an event of kind {Kind} met a fault")]
    public static partial void EventFailed(ILogger logger, string edgeId, string kind, Exception fault);

    [LoggerMessage(EventId = 504, EventName = "ReportIgnored", Level = LogLevel.Debug, Message = "Edge {EdgeId}: a delivery report without a valid token was ignored")]
    public static partial void ReportIgnored(ILogger logger, string edgeId);

    [LoggerMessage(EventId = 505, EventName = "PushDropped", Level = LogLevel.Debug, Message = "Edge {EdgeId}: a push was dropped, its link is behind")]
    public static partial void PushDropped(ILogger logger, string edgeId);

    [LoggerMessage(EventId = 506, EventName = "RegistrationRefused", Level = LogLevel.Debug, Message = "Edge {EdgeId}: a registration ended as {Outcome}")]
    public static partial void RegistrationRefused(ILogger logger, string edgeId, Edge.Link.V1.RegisterOutcome outcome);

    [LoggerMessage(EventId = 507, EventName = "EdgeSuperseded", Level = LogLevel.Information, Message = "Edge {EdgeId}: a newer link takes the place of the one of epoch {Epoch}")]
    public static partial void EdgeSuperseded(ILogger logger, string edgeId, long epoch);

    [LoggerMessage(EventId = 508, EventName = "EventMalformed", Level = LogLevel.Debug, Message = "Edge {EdgeId}: an event of kind {Kind} is not what the protocol allows")]
    public static partial void EventMalformed(ILogger logger, string edgeId, Edge.Link.V1.EdgeEvent.EventOneofCase kind);

    [LoggerMessage(EventId = 509, EventName = "EdgeTicketRefused", Level = LogLevel.Debug, Message = "Edge {EdgeId}: an event of kind {Kind} without a valid ticket was refused")]
    public static partial void TicketRefused(ILogger logger, string edgeId, Edge.Link.V1.EdgeEvent.EventOneofCase kind);
}
