using Core.Store.Accounts;
using Core.Store.Envelopes;

namespace Api.Grpc.EdgeLink;

/// <summary>16 hex digits of HMAC(sender): part of a delivery's Call-ID, and its From tag; equal on every attempt, never shared by two senders' messages.</summary>
internal sealed class SenderTag(IDerivedKeys keys)
{
    private readonly KeyedHash _key = keys.Hash("sender-tag");

    public string Of(AccountAddress sender)
    {
        LinkTag parts = new(stackalloc byte[LinkTag.BufferBytes]);
        parts.Add(sender.User);
        parts.Add(sender.Domain);
        Span<byte> tag = stackalloc byte[LinkTag.Bytes];
        parts.Sign(_key, tag);
        return Convert.ToHexStringLower(tag[..8]);
    }
}
