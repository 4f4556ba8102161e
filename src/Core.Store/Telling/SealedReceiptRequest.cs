using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;

namespace Core.Store.Telling;

/// <summary>The receipts that a sender asked for, as they stand in the ledger entry: key id (4), salt (16), ciphertext, tag (16).</summary>
/// <remarks>
/// Sealed: wishes (1: delivered 1, failed 2), lengths of user (1), domain (1) and client id (1), recipient's user and domain, client id, zeros up to a
/// multiple of 64 bytes. Authenticated: key id, salt and the message's name, so that a request does not open as another message's.
/// </remarks>
internal sealed class SealedReceiptRequest(KeyRing ring)
{
    /// <summary>Key id and salt: no two requests begin alike.</summary>
    public const int HeaderBytes = 4 + EnvelopeCipher.SaltBytes;

    private const int LengthBytes = 4;
    private const int Padding = 64;

    public byte[] Seal(ReceiptRequest request, AccountAddress recipient, byte[] message)
    {
        RingKey key = ring.Current(KeyPurpose.Message);
        int used = LengthBytes + recipient.User.Length + Encoding.UTF8.GetByteCount(recipient.Domain) + Encoding.UTF8.GetByteCount(request.ClientId);
        Span<byte> plain = new byte[(used + Padding - 1) / Padding * Padding];
        plain[0] = (byte)((request.Delivered ? 1 : 0) | (request.Failed ? 2 : 0));
        int at = LengthBytes;
        plain[1] = checked((byte)Encoding.UTF8.GetBytes(recipient.User, plain[at..]));
        at += plain[1];
        plain[2] = checked((byte)Encoding.UTF8.GetBytes(recipient.Domain, plain[at..]));
        at += plain[2];
        plain[3] = checked((byte)Encoding.UTF8.GetBytes(request.ClientId, plain[at..]));

        byte[] value = new byte[HeaderBytes + plain.Length + EnvelopeCipher.TagBytes];
        BinaryPrimitives.WriteUInt32BigEndian(value, key.Id);
        EnvelopeCipher.DrawSalt(value.AsSpan(4, EnvelopeCipher.SaltBytes));
        EnvelopeCipher.Seal(key, KeyPurpose.Message, value.AsSpan(4, EnvelopeCipher.SaltBytes), Context(value, message), plain, value.AsSpan(HeaderBytes));
        return value;
    }

    /// <returns>False for altered bytes or another message's request.</returns>
    /// <exception cref="StoreUnavailableException">The ring lacks its key: this core's file is behind the others', or the key was wiped before the claim ended.</exception>
    public bool TryOpen(ReadOnlySpan<byte> value, byte[] message, out ReceiptRequest request, out AccountAddress recipient)
    {
        request = null!;
        recipient = default;
        int plainBytes = value.Length - HeaderBytes - EnvelopeCipher.TagBytes;
        if (plainBytes < LengthBytes) return false;
        if (!ring.TryGet(KeyPurpose.Message, BinaryPrimitives.ReadUInt32BigEndian(value), out RingKey? key))
            throw new StoreUnavailableException("The key ring lacks the key of a receipt request.");
        Span<byte> plain = new byte[plainBytes];
        if (!EnvelopeCipher.TryOpen(key, KeyPurpose.Message, value.Slice(4, EnvelopeCipher.SaltBytes), Context(value, message), value[HeaderBytes..], plain)) return false;
        ReadOnlySpan<byte> rest = plain[LengthBytes..];
        if (plain[1] + plain[2] + plain[3] > rest.Length) return false;
        request = new ReceiptRequest(Encoding.UTF8.GetString(rest.Slice(plain[1] + plain[2], plain[3])), (plain[0] & 1) != 0, (plain[0] & 2) != 0);
        return AccountAddress.TryCreate(Encoding.UTF8.GetString(rest[..plain[1]]), Encoding.UTF8.GetString(rest.Slice(plain[1], plain[2])), out recipient);
    }

    /// <summary>The same request under the key that seals now.</summary>
    /// <returns>Null if it does not open, or is sealed with it already.</returns>
    public byte[]? Reseal(ReadOnlySpan<byte> value, byte[] message)
    {
        int plainBytes = value.Length - HeaderBytes - EnvelopeCipher.TagBytes;
        RingKey current = ring.Current(KeyPurpose.Message);
        if (plainBytes < LengthBytes || BinaryPrimitives.ReadUInt32BigEndian(value) == current.Id) return null;
        if (!ring.TryGet(KeyPurpose.Message, BinaryPrimitives.ReadUInt32BigEndian(value), out RingKey? key)) return null;
        byte[] plain = new byte[plainBytes];
        if (!EnvelopeCipher.TryOpen(key, KeyPurpose.Message, value.Slice(4, EnvelopeCipher.SaltBytes), Context(value, message), value[HeaderBytes..], plain)) return null;

        byte[] fresh = new byte[value.Length];
        BinaryPrimitives.WriteUInt32BigEndian(fresh, current.Id);
        EnvelopeCipher.DrawSalt(fresh.AsSpan(4, EnvelopeCipher.SaltBytes));
        EnvelopeCipher.Seal(current, KeyPurpose.Message, fresh.AsSpan(4, EnvelopeCipher.SaltBytes), Context(fresh, message), plain, fresh.AsSpan(HeaderBytes));
        CryptographicOperations.ZeroMemory(plain);
        return fresh;
    }

    private static byte[] Context(ReadOnlySpan<byte> value, byte[] message) => [.. value[..HeaderBytes], .. message];
}
