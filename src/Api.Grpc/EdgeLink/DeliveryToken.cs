using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Google.Protobuf;

namespace Api.Grpc.EdgeLink;

/// <summary>Proof that this message was handed to this flow: HMAC over id, sender, recipient, edge, epoch and flow. A report counts only with it.</summary>
internal sealed class DeliveryToken(IDerivedKeys keys)
{
    private readonly KeyedHash _key = keys.Hash("delivery-token");

    public ByteString Issue(in MessageKey message, FlowId flow)
    {
        Span<byte> token = stackalloc byte[LinkTag.Bytes];
        Parts(stackalloc byte[LinkTag.BufferBytes], message, flow).Sign(_key, token);
        return ByteString.CopyFrom(token);
    }

    public bool Verify(ReadOnlySpan<byte> token, in MessageKey message, FlowId flow) =>
        token.Length == LinkTag.Bytes && Parts(stackalloc byte[LinkTag.BufferBytes], message, flow).Verify(_key, token);

    private static LinkTag Parts(Span<byte> buffer, in MessageKey message, FlowId flow)
    {
        LinkTag parts = new(buffer);
        parts.Add(message.MessageId);
        parts.Add(flow.Epoch);
        parts.Add(flow.Flow);
        parts.Add(flow.EdgeId);
        parts.Add(message.Sender.User);
        parts.Add(message.Recipient.User);
        parts.Add(message.Recipient.Domain);   // one domain is served: it is the sender's too
        return parts;
    }
}
