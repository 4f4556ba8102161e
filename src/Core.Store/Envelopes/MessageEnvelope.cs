using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Mailboxes;

namespace Core.Store.Envelopes;

/// <summary>The record of a waiting message: a header in clear, then sender and text sealed.</summary>
/// <remarks>
/// Header, 72 bytes: version 1 (1 byte), key id (4), salt (16), message id (16), then the mailbox member's head (35): expires, accepted, sender's
/// partition and handle, flags. Sealed: lengths of text (2), user (1) and domain (1), user, domain, text, zeros up to a size class; tag (16).
/// Authenticated: header and recipient's handle. So a record moved to another mailbox, or with one bit changed, does not open.
/// A text's size class is all that the length tells.
/// </remarks>
internal sealed class MessageEnvelope(KeyRing ring)
{
    /// <summary>The smallest size class, bytes of UTF-8: 160 letters of Latin script, up to 32 of them of two bytes.</summary>
    public const int SmallText = 192;

    /// <summary>The middle one: 160 code points of any script.</summary>
    public const int MediumText = 640;

    /// <summary>The largest one.</summary>
    public const int LargeText = 4_096;

    /// <summary>Bytes in clear in front; <c>end.lua</c> and <c>fail.lua</c> know the places.</summary>
    public const int HeaderBytes = 72;

    private const byte Version = 1;
    private const int SaltAt = 5;
    /// <summary>Version, key id and salt: no two records begin alike.</summary>
    public const int StampBytes = 21;

    private const int MessageIdAt = 21;
    private const int MemberAt = 37;
    private const int LengthBytes = 4;
    private const int UserRoom = 64;   // the longest user name: so a name's length does not show either

    /// <summary>Seals a message.</summary>
    /// <returns>The record: 348, 796 or 4,252 bytes and those of the domain name.</returns>
    public byte[] Seal(NewMessage message, AccountName sender, AccountName recipient, DateTimeOffset accepted, DateTimeOffset expires, MemberFlags flags)
    {
        RingKey key = ring.Current(KeyPurpose.Message);
        int text = message.Text.Length switch { <= SmallText => SmallText, <= MediumText => MediumText, _ => LargeText };
        int domain = Encoding.UTF8.GetByteCount(message.Sender.Domain);
        int plainBytes = LengthBytes + UserRoom + domain + text;
        byte[] record = new byte[HeaderBytes + plainBytes + EnvelopeCipher.TagBytes];

        record[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(1), key.Id);
        EnvelopeCipher.DrawSalt(record.AsSpan(SaltAt, EnvelopeCipher.SaltBytes));
        message.MessageId.TryWriteBytes(record.AsSpan(MessageIdAt), bigEndian: true, out _);
        MailboxMember.WriteHead(record.AsSpan(MemberAt), accepted, expires, sender, flags);

        Span<byte> plain = stackalloc byte[plainBytes];
        plain.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(plain, (ushort)message.Text.Length);
        plain[2] = (byte)Encoding.UTF8.GetBytes(message.Sender.User, plain[LengthBytes..]);
        plain[3] = (byte)domain;
        int at = LengthBytes + plain[2];
        at += Encoding.UTF8.GetBytes(message.Sender.Domain, plain[at..]);
        message.Text.Span.CopyTo(plain[at..]);

        EnvelopeCipher.Seal(key, KeyPurpose.Message, Salt(record), Context(record, recipient, stackalloc byte[HeaderBytes + StoreNames.NameBytes]), plain, record.AsSpan(HeaderBytes));
        CryptographicOperations.ZeroMemory(plain);
        return record;
    }

    /// <summary>Opens a record.</summary>
    /// <param name="record">As it stands in Redis.</param>
    /// <param name="recipient">Whose mailbox it was found in.</param>
    /// <param name="opened">Sender, id, times and text.</param>
    /// <returns>Whether it opened, is not whole, or needs a key that the ring does not have.</returns>
    public EnvelopeState TryOpen(ReadOnlySpan<byte> record, AccountName recipient, out OpenedEnvelope opened)
    {
        opened = default;
        int plainBytes = record.Length - HeaderBytes - EnvelopeCipher.TagBytes;
        if (plainBytes < LengthBytes || record[0] != Version || plainBytes > LengthBytes + UserRoom + 255 + LargeText) return EnvelopeState.Rejected;
        if (!ring.TryGet(KeyPurpose.Message, KeyOf(record), out RingKey? key)) return EnvelopeState.KeyUnknown;

        Span<byte> plain = stackalloc byte[plainBytes];
        ReadOnlySpan<byte> context = Context(record, recipient, stackalloc byte[HeaderBytes + StoreNames.NameBytes]);
        if (!EnvelopeCipher.TryOpen(key, KeyPurpose.Message, Salt(record), context, record[HeaderBytes..], plain)) return EnvelopeState.Rejected;

        int text = BinaryPrimitives.ReadUInt16BigEndian(plain);
        ReadOnlySpan<byte> rest = plain[LengthBytes..];
        if (plain[2] + plain[3] + text > rest.Length) return EnvelopeState.Rejected;
        string user = Encoding.UTF8.GetString(rest[..plain[2]]);
        string domain = Encoding.UTF8.GetString(rest.Slice(plain[2], plain[3]));
        if (!AccountAddress.TryCreate(user, domain, out AccountAddress sender)) return EnvelopeState.Rejected;
        ReadOnlySpan<byte> head = record[MemberAt..];
        opened = new OpenedEnvelope(
            sender,
            new Guid(record.Slice(MessageIdAt, 16), bigEndian: true),
            MailboxMember.Accepted(head),
            MailboxMember.Expires(head),
            MailboxMember.Flags(head),
            rest.Slice(plain[2] + plain[3], text).ToArray());
        CryptographicOperations.ZeroMemory(plain);
        return EnvelopeState.Opened;
    }

    /// <summary>The same record under the key that seals now.</summary>
    /// <returns>Null if it does not open, or is sealed with it already.</returns>
    public byte[]? Reseal(ReadOnlySpan<byte> record, AccountName recipient)
    {
        int plainBytes = record.Length - HeaderBytes - EnvelopeCipher.TagBytes;
        RingKey current = ring.Current(KeyPurpose.Message);
        if (!IsRecord(record) || plainBytes is < LengthBytes or > LengthBytes + UserRoom + 255 + LargeText || KeyOf(record) == current.Id) return null;
        if (!ring.TryGet(KeyPurpose.Message, KeyOf(record), out RingKey? key)) return null;
        Span<byte> room = stackalloc byte[HeaderBytes + StoreNames.NameBytes];
        Span<byte> plain = stackalloc byte[plainBytes];
        if (!EnvelopeCipher.TryOpen(key, KeyPurpose.Message, Salt(record), Context(record, recipient, room), record[HeaderBytes..], plain)) return null;

        byte[] fresh = new byte[record.Length];
        record[..HeaderBytes].CopyTo(fresh);
        BinaryPrimitives.WriteUInt32BigEndian(fresh.AsSpan(1), current.Id);
        EnvelopeCipher.DrawSalt(fresh.AsSpan(SaltAt, EnvelopeCipher.SaltBytes));
        EnvelopeCipher.Seal(current, KeyPurpose.Message, Salt(fresh), Context(fresh, recipient, room), plain, fresh.AsSpan(HeaderBytes));
        CryptographicOperations.ZeroMemory(plain);
        return fresh;
    }

    /// <summary>Whether the value of a record key is a waiting message, not yet an outcome.</summary>
    public static bool IsRecord(ReadOnlySpan<byte> value) => value.Length >= HeaderBytes && value[0] == Version;

    /// <summary>The key of a record.</summary>
    public static uint KeyOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt32BigEndian(record[1..]);

    /// <summary>The sender's id as the header says it; null if the value is not a record.</summary>
    public static Guid? MessageIdOf(ReadOnlySpan<byte> header) => IsRecord(header) ? new Guid(header.Slice(MessageIdAt, 16), bigEndian: true) : null;

    /// <summary>Acceptance and expiry as the header says them.</summary>
    public static (DateTimeOffset Accepted, DateTimeOffset Expires) Times(ReadOnlySpan<byte> header) =>
        (MailboxMember.Accepted(header[MemberAt..]), MailboxMember.Expires(header[MemberAt..]));

    /// <summary>The mailbox member's head, which the header repeats.</summary>
    public static ReadOnlySpan<byte> MemberHead(ReadOnlySpan<byte> header) => header.Slice(MemberAt, MailboxMember.HeadBytes);

    private static ReadOnlySpan<byte> Salt(ReadOnlySpan<byte> record) => record.Slice(SaltAt, EnvelopeCipher.SaltBytes);

    private static ReadOnlySpan<byte> Context(ReadOnlySpan<byte> record, AccountName recipient, Span<byte> room)
    {
        record[..HeaderBytes].CopyTo(room);
        recipient.Handle.CopyTo(room[HeaderBytes..]);
        return room;
    }
}

/// <summary>What became of opening a record.</summary>
internal enum EnvelopeState
{
    /// <summary>Opened and whole.</summary>
    Opened,

    /// <summary>Another key, mailbox or time, or altered bytes.</summary>
    Rejected,

    /// <summary>Sealed with a key that the ring does not have, even read afresh: perhaps the ring is the wrong one, so nothing is ended.</summary>
    KeyUnknown,
}

/// <summary>What a record held.</summary>
internal readonly record struct OpenedEnvelope(AccountAddress Sender, Guid MessageId, DateTimeOffset Accepted, DateTimeOffset Expires, MemberFlags Flags, byte[] Text)
{
    /// <summary>The id alone.</summary>
    public override string ToString() => $"message {MessageId}";
}
