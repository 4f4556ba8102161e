using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;

namespace Api.Grpc.EdgeLink;

/// <summary>Our id for a message that came by SIP: UUIDv8 (RFC 9562 §5.8) of HMAC(sender, what the client calls it). A repeated submission gets the same.</summary>
internal sealed class SubmissionId(IDerivedKeys keys)
{
    private readonly KeyedHash _key = keys.Hash("submission-id");

    /// <param name="sender">The authenticated account: two senders' equal keys are two messages.</param>
    /// <param name="clientKey">Call-ID, From tag and CSeq number, joined by NUL.</param>
    public Guid Of(AccountAddress sender, string clientKey)
    {
        Span<byte> hash = stackalloc byte[16];
        _key.Compute(Encoding.UTF8.GetBytes($"{sender.User}@{sender.Domain}\0{clientKey}"), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);   // version 8
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);   // variant 10
        return new Guid(hash, bigEndian: true);
    }
}
