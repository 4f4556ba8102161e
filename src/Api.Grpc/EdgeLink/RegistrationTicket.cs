using System.Buffers.Binary;
using Api.Grpc.Options;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Presence;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace Api.Grpc.EdgeLink;

/// <summary>Proof that an account registered with a digest on a flow: version (1 byte), expiry (8, Unix ms), credential version (4), HMAC (16).</summary>
/// <remarks>Bound to account, edge, epoch and flow. A stolen edge can act only for accounts that registered at it, and for 24 hours.</remarks>
internal sealed class RegistrationTicket(IDerivedKeys keys, TimeProvider time, IOptions<EdgeLinkOptions> options)
{
    private const byte Version = 1;
    private const int HeadBytes = 13;

    private readonly KeyedHash _key = keys.Hash("registration-ticket");
    private readonly TimeSpan _lifetime = options.Value.TicketLifetime;

    /// <summary>Makes a ticket from now on.</summary>
    public (ByteString Ticket, long ExpireTimeMs) Issue(AccountAddress account, int credentialVersion, FlowId flow)
    {
        long expires = (time.GetUtcNow() + _lifetime).ToUnixTimeMilliseconds();
        Span<byte> ticket = stackalloc byte[HeadBytes + LinkTag.Bytes];
        ticket[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(ticket[1..], expires);
        BinaryPrimitives.WriteInt32BigEndian(ticket[9..], credentialVersion);
        Parts(stackalloc byte[LinkTag.BufferBytes], account, expires, credentialVersion, flow).Sign(_key, ticket[HeadBytes..]);
        return (ByteString.CopyFrom(ticket), expires);
    }

    /// <summary>Checks everything but the account's present credentials, which need the store.</summary>
    /// <param name="credentialVersion">Must still be the account's.</param>
    public bool TryVerify(ReadOnlySpan<byte> ticket, AccountAddress account, FlowId flow, out int credentialVersion)
    {
        credentialVersion = 0;
        if (ticket.Length != HeadBytes + LinkTag.Bytes || ticket[0] != Version) return false;
        long expires = BinaryPrimitives.ReadInt64BigEndian(ticket[1..]);
        credentialVersion = BinaryPrimitives.ReadInt32BigEndian(ticket[9..]);
        return Parts(stackalloc byte[LinkTag.BufferBytes], account, expires, credentialVersion, flow).Verify(_key, ticket[HeadBytes..])
            && expires > time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    private static LinkTag Parts(Span<byte> buffer, AccountAddress account, long expires, int credentialVersion, FlowId flow)
    {
        LinkTag parts = new(buffer);
        parts.Add(Version);
        parts.Add(expires);
        parts.Add((long)credentialVersion);
        parts.Add(flow.Epoch);
        parts.Add(flow.Flow);
        parts.Add(flow.EdgeId);
        parts.Add(account.User);
        parts.Add(account.Domain);
        return parts;
    }
}
