namespace Api.Grpc.EdgeLink;

/// <summary>Log of the edge link. 500 to 549; next free: 503. Ids and names are what alerts rely on: never reused, never renamed.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(EventId = 500, EventName = "LinkUp", Level = LogLevel.Information, Message = "Edge {EdgeId} is linked: epoch {Epoch}, version {Version}")]
    public static partial void LinkUp(ILogger logger, string edgeId, long epoch, string version);

    [LoggerMessage(EventId = 501, EventName = "LinkDown", Level = LogLevel.Warning, Message = "Edge {EdgeId} lost its link: epoch {Epoch}, {Reason}")]
    public static partial void LinkDown(ILogger logger, string edgeId, long epoch, string reason);

    [LoggerMessage(EventId = 502, EventName = "LinkEventFailed", Level = LogLevel.Error, Message = "Edge {EdgeId}: an event of type {EventType} failed ({Failure})")]
    public static partial void LinkEventFailed(ILogger logger, string edgeId, string eventType, string failure);
}
