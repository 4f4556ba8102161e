using System.Buffers.Binary;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Google.Protobuf;

namespace Api.Grpc.EdgeLink;

/// <summary>Proof that this message was handed to this flow: HMAC over id, sender, recipient, edge, epoch and flow. A report counts only with it.</summary>
/// <remarks>
/// Where nobody is to be told of the end of what is handed out untried, accepted and expires (8 bytes each, Unix ms) stand behind the tag and are part of it: so the store ends it without a
/// look at it.
/// </remarks>
internal sealed class DeliveryToken(IDerivedKeys keys)
{
    private const int TimesBytes = 16;

    private readonly KeyedHash _key = keys.Hash("delivery-token");

    public ByteString Issue(QueuedMessage message, FlowId flow)
    {
        byte[] token = new byte[LinkTag.Bytes + (message.EndsUntold ? TimesBytes : 0)];
        if (message.EndsUntold)
        {
            BinaryPrimitives.WriteInt64BigEndian(token.AsSpan(LinkTag.Bytes), message.AcceptTime.ToUnixTimeMilliseconds());
            BinaryPrimitives.WriteInt64BigEndian(token.AsSpan(LinkTag.Bytes + 8), message.ExpireTime.ToUnixTimeMilliseconds());
        }

        Parts(stackalloc byte[LinkTag.BufferBytes], message.Key, flow, token.AsSpan(LinkTag.Bytes)).Sign(_key, token);
        return UnsafeByteOperations.UnsafeWrap(token);   // made here, nobody else writes to it
    }

    /// <param name="untold">The message's times, if they stand in the token.</param>
    public bool Verify(ReadOnlySpan<byte> token, in MessageKey message, FlowId flow, out MessageTimes? untold)
    {
        untold = null;
        if (token.Length != LinkTag.Bytes && token.Length != LinkTag.Bytes + TimesBytes) return false;
        ReadOnlySpan<byte> times = token[LinkTag.Bytes..];
        if (!Parts(stackalloc byte[LinkTag.BufferBytes], message, flow, times).Verify(_key, token[..LinkTag.Bytes])) return false;
        if (times.Length > 0)
        {
            untold = new MessageTimes(
                DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(times)), DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(times[8..])));
        }

        return true;
    }

    private static LinkTag Parts(Span<byte> buffer, in MessageKey message, FlowId flow, ReadOnlySpan<byte> times)
    {
        LinkTag parts = new(buffer);
        parts.Add(message.MessageId);
        parts.Add(flow.Epoch);
        parts.Add(flow.Flow);
        parts.Add(flow.EdgeId);
        parts.Add(message.Sender.User);
        parts.Add(message.Recipient.User);
        parts.Add(message.Recipient.Domain);   // one domain is served: it is the sender's too
        if (times.Length > 0) parts.Add(times);   // the last one, and with its length: no list of the others looks like one with it
        return parts;
    }
}
