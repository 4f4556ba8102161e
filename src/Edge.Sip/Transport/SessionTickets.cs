using System.Security.Cryptography;
using Google.Protobuf;

namespace Edge.Sip.Transport;

/// <summary>The keys of TLS session tickets: the cores' of this hour and the last, so that a client resumes at any edge, also after a restart of this one.</summary>
/// <remarks>Until a core has told them a key of this process seals tickets. Who holds the keys of an hour can read what TLS 1.2 sessions said whose tickets they sealed,
/// from their first handshake on; with TLS 1.3 each resumption has a key exchange of its own.</remarks>
internal sealed class SessionTickets
{
    private readonly SessionTicketKey _own = SessionTicketKey.Of(RandomNumberGenerator.GetBytes(SessionTicketKey.SecretBytes));

    private volatile SessionTicketKey[] _keys;

    public SessionTickets() => _keys = [_own];

    /// <summary>The first seals, all of them open.</summary>
    public SessionTicketKey[] Keys => _keys;

    /// <summary>Takes what a core has told; what another one told before is the same, an hour apart at most.</summary>
    /// <param name="secrets">Newest first.</param>
    public void Use(IReadOnlyList<ByteString> secrets)
    {
        if (secrets.Count == 0 || secrets.Any(static secret => secret.Length != SessionTicketKey.SecretBytes)) return;   // a core that knows none
        _keys = [.. secrets.Select(static secret => SessionTicketKey.Of(secret.Span)), _own];
    }
}

/// <summary>One of them.</summary>
/// <param name="Name">16 bytes, in clear at a ticket's front.</param>
/// <param name="Mac">32 bytes, HMAC-SHA256.</param>
/// <param name="Cipher">32 bytes, AES-256-CBC.</param>
internal sealed record SessionTicketKey(byte[] Name, byte[] Mac, byte[] Cipher)
{
    public const int SecretBytes = 32;
    public const int NameBytes = 16;
    private const int KeyBytes = 32;

    /// <summary>Made of a secret by HKDF-Expand (RFC 5869 §2.3).</summary>
    public static SessionTicketKey Of(ReadOnlySpan<byte> secret)
    {
        byte[] all = new byte[NameBytes + (2 * KeyBytes)];
        HKDF.Expand(HashAlgorithmName.SHA256, secret, all, "session ticket"u8);
        return new SessionTicketKey(all[..NameBytes], all[NameBytes..^KeyBytes], all[^KeyBytes..]);
    }
}
