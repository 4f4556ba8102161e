using System.Security.Cryptography;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Presence;

namespace Api.Grpc.EdgeLink;

/// <summary>Proof that a message was handed to a flow for its recipient: an acknowledgement counts only with it, from whatever link it comes.</summary>
internal sealed class DeliveryTokens(IDerivedKeys keys)
{
    private readonly byte[] _key = keys.Derive("delivery-token");

    /// <summary>The token of one message on one flow: the same on every try, so a late 2xx counts.</summary>
    public byte[] Issue(Guid messageId, AccountAddress recipient, FlowId flow)
    {
        byte[] token = new byte[FlowMac.Bytes];
        Write(messageId, recipient, flow, token);
        return token;
    }

    /// <summary>Whether the token is ours for this message, recipient and flow.</summary>
    public bool IsValid(ReadOnlySpan<byte> token, Guid messageId, AccountAddress recipient, FlowId flow)
    {
        Span<byte> expected = stackalloc byte[FlowMac.Bytes];
        Write(messageId, recipient, flow, expected);
        return CryptographicOperations.FixedTimeEquals(expected, token);
    }

    private void Write(Guid messageId, AccountAddress recipient, FlowId flow, Span<byte> token)
    {
        Span<byte> id = stackalloc byte[16];
        messageId.TryWriteBytes(id);
        FlowMac.Write(_key, id, recipient, flow, token);
    }
}
