using Core.Store.Mailboxes;
using Core.Store.Operators;
using Edge.Admin.V1;
using Google.Protobuf.WellKnownTypes;

namespace Api.Grpc.Services;

/// <summary>What operators see, as the admin API's messages say it.</summary>
internal sealed class OperationsMapping(TimeProvider time)
{
    public Edge.Admin.V1.Registration ToWire(Core.Store.Operators.Registration one) => new()
    {
        User = one.Account.User,
        Domain = one.Account.Domain,
        Client = ToWire(one.Client),
        EdgeId = one.Flow.EdgeId,
        Flow = one.Flow.Flow,
        RegisterTime = At(one.Registered),
        ExpireTime = At(one.Expires),
        ExpiresInSeconds = Seconds(one.Expires - time.GetUtcNow()),
        Active = one.IsActive,
    };

    public ListQueueResponse ToWire(QueuePage page) => new()
    {
        Waiting = (int)page.Waiting,
        OldestAgeSeconds = page.OldestAcceptTime is { } oldest ? Seconds(time.GetUtcNow() - oldest) : 0,
        Messages = { page.Items.Select(ToWire) },
        NextPageToken = page.NextPageToken,
    };

    public static Edge.Admin.V1.SessionEvent ToWire(Core.Store.Operators.SessionEvent one) => new()
    {
        Kind = one.Kind switch
        {
            Core.Store.Operators.SessionEventKind.Connect => Edge.Admin.V1.SessionEventKind.Connect,
            Core.Store.Operators.SessionEventKind.Register => Edge.Admin.V1.SessionEventKind.Register,
            Core.Store.Operators.SessionEventKind.Unregister => Edge.Admin.V1.SessionEventKind.Unregister,
            Core.Store.Operators.SessionEventKind.Disconnect => Edge.Admin.V1.SessionEventKind.Disconnect,
            _ => throw new ArgumentOutOfRangeException(nameof(one)),
        },
        Time = At(one.Time),
        EdgeId = one.Flow.EdgeId,
        Flow = one.Flow.Flow,
        Client = ToWire(one.Client),
        Reason = one.Reason,
    };

    public static MessageEntry ToWire(LoggedMessage message) => new()
    {
        MessageId = message.MessageId.ToString(),
        Sender = message.Sender.User,
        Recipient = message.Recipient?.User ?? string.Empty,
        State = ToWire(message.State),
        AcceptTime = At(message.AcceptTime),
        ExpireTime = At(message.ExpireTime),
        EndTime = At(message.EndTime),
        Tries = { message.Tries.Select(ToWire) },
    };

    /// <summary>Accepted, each try, the end; a try that ended the message stands in its end.</summary>
    public static IEnumerable<MessageEvent> TimeLine(LoggedMessage message)
    {
        yield return new MessageEvent { Time = At(message.AcceptTime), State = MessageEntryState.Enqueued };
        Core.Store.Operators.DeliveryTry? last = message.EndTime is { } end && message.Tries.Count > 0 && message.Tries[^1].Time == end ? message.Tries[^1] : null;
        foreach (Core.Store.Operators.DeliveryTry failed in message.Tries)
        {
            if (failed != last) yield return new MessageEvent { Time = At(failed.Time), State = MessageEntryState.Enqueued, DeliveryTry = ToWire(failed) };
        }

        if (message.State is not (null or MessageState.Enqueued))
            yield return new MessageEvent { Time = At(message.EndTime ?? message.ExpireTime), State = ToWire(message.State), DeliveryTry = last is null ? null : ToWire(last) };
    }

    public static Edge.Admin.V1.PoisonedRecord ToWire(Core.Store.Operators.PoisonedRecord record) => new()
    {
        Sender = record.Sender?.User ?? string.Empty,
        Recipient = record.Recipient?.User ?? string.Empty,
        MessageId = record.MessageId?.ToString() ?? string.Empty,
        Fault = ToWire(record.Fault),
        LastSeenTime = At(record.LastSeen),
    };

    private Edge.Admin.V1.QueuedMessage ToWire(QueuedItem item) => new()
    {
        MessageId = item.MessageId?.ToString() ?? string.Empty,
        Sender = item.Sender?.User ?? string.Empty,
        AcceptTime = At(item.AcceptTime),
        AgeSeconds = Seconds(time.GetUtcNow() - item.AcceptTime),
        ExpireTime = At(item.ExpireTime),
        StoredBytes = (int)item.StoredBytes,
        FailedTries = item.Tries,
        NextTryTime = At(item.NextTry),
        Receipt = item.IsReceipt,
        Fault = ToWire(item.Fault),
    };

    private static Client? ToWire(ClientSession? client) => client is null ? null : new Client
    {
        Address = client.Address,
        UserAgent = client.UserAgent,
        TlsVersion = client.TlsVersion,
        CipherSuite = client.CipherSuite,
        ConnectTime = At(client.Connected),
    };

    private static Edge.Admin.V1.DeliveryTry ToWire(Core.Store.Operators.DeliveryTry one) =>
        new() { Time = At(one.Time), Attempt = one.Attempt, SipStatus = one.SipStatus, EdgeId = one.EdgeId };

    private static MessageEntryState ToWire(MessageState? state) => state switch
    {
        null => MessageEntryState.Unspecified,
        MessageState.Enqueued => MessageEntryState.Enqueued,
        MessageState.Delivered => MessageEntryState.Delivered,
        MessageState.Expired => MessageEntryState.Expired,
        MessageState.InvalidRecipient => MessageEntryState.InvalidRecipient,
        MessageState.InvalidDevice => MessageEntryState.InvalidDevice,
        MessageState.InvalidPayload => MessageEntryState.InvalidPayload,
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private static Edge.Admin.V1.RecordFault ToWire(Core.Store.Operators.RecordFault? fault) => fault switch
    {
        null => Edge.Admin.V1.RecordFault.Unspecified,
        Core.Store.Operators.RecordFault.Rejected => Edge.Admin.V1.RecordFault.Rejected,
        Core.Store.Operators.RecordFault.KeyUnknown => Edge.Admin.V1.RecordFault.KeyUnknown,
        Core.Store.Operators.RecordFault.Missing => Edge.Admin.V1.RecordFault.Missing,
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    private static Timestamp? At(DateTimeOffset? at) => at is null ? null : Timestamp.FromDateTimeOffset(at.Value);

    private static int Seconds(TimeSpan time) => (int)Math.Clamp(time.TotalSeconds, 0, int.MaxValue);
}
