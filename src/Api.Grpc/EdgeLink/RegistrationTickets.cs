using System.Buffers.Binary;
using System.Security.Cryptography;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Presence;

namespace Api.Grpc.EdgeLink;

/// <summary>
/// Proof that an account logged in on one flow of one edge: a stolen edge can act only for accounts that registered at it.
/// Layout: end (8 bytes, Unix milliseconds), credential version (4), first 16 bytes of HMAC-SHA256 over these and account, edge, epoch, flow.
/// </summary>
internal sealed class RegistrationTickets(IDerivedKeys keys, TimeProvider time)
{
    private const int ClaimBytes = sizeof(long) + sizeof(int);
    private readonly byte[] _key = keys.Derive("registration-ticket");

    /// <summary>Issues a ticket for a login that has just been verified.</summary>
    public byte[] Issue(AccountAddress account, FlowId flow, int credentialVersion, DateTimeOffset end)
    {
        byte[] ticket = new byte[ClaimBytes + FlowMac.Bytes];
        BinaryPrimitives.WriteInt64BigEndian(ticket, end.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32BigEndian(ticket.AsSpan(sizeof(long)), credentialVersion);
        FlowMac.Write(_key, ticket.AsSpan(0, ClaimBytes), account, flow, ticket.AsSpan(ClaimBytes));
        return ticket;
    }

    /// <summary>Whether we issued the ticket for this account and flow, its time is not over, and no new password came since.</summary>
    /// <param name="credentialVersion">The account's present version; null if it is gone.</param>
    public bool IsValid(ReadOnlySpan<byte> ticket, AccountAddress account, FlowId flow, int? credentialVersion)
    {
        if (ticket.Length != ClaimBytes + FlowMac.Bytes || credentialVersion is null) return false;
        Span<byte> mac = stackalloc byte[FlowMac.Bytes];
        FlowMac.Write(_key, ticket[..ClaimBytes], account, flow, mac);
        return CryptographicOperations.FixedTimeEquals(mac, ticket[ClaimBytes..])
            && BinaryPrimitives.ReadInt64BigEndian(ticket) > time.GetUtcNow().ToUnixTimeMilliseconds()
            && BinaryPrimitives.ReadInt32BigEndian(ticket[sizeof(long)..]) == credentialVersion;
    }
}
