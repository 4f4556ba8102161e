using System.Security.Cryptography;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;

namespace Api.Grpc.EdgeLink;

/// <summary>What is derived from a sender: the tag of its messages, and the id of a submission by SIP.</summary>
internal sealed class SenderTags(IDerivedKeys keys)
{
    private readonly byte[] _tagKey = keys.Derive("sender-tag");
    private readonly byte[] _idKey = keys.Derive("submission-id");

    /// <summary>16 hex digits, part of Call-ID and the From tag: equal on every attempt, so that clients drop repeats (spec, "Delivered by SIP").</summary>
    public string TagOf(AccountAddress sender)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_tagKey, Encoding.UTF8.GetBytes($"{sender.User}@{sender.Domain}"), mac);
        return Convert.ToHexStringLower(mac[..8]);
    }

    /// <summary>The message id of a SIP MESSAGE: a UUIDv8 (RFC 9562 §5.8) of HMAC(sender, client key), so a repeated request is the same message.</summary>
    /// <param name="sender">The authenticated sender.</param>
    /// <param name="clientKey">Call-ID, From tag and CSeq number, joined by NUL.</param>
    public Guid IdOf(AccountAddress sender, string clientKey)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_idKey, Encoding.UTF8.GetBytes($"{sender.User}@{sender.Domain}\0{clientKey}"), mac);
        mac[6] = (byte)((mac[6] & 0x0F) | 0x80);
        mac[8] = (byte)((mac[8] & 0x3F) | 0x80);
        return new Guid(mac[..16], bigEndian: true);
    }
}
