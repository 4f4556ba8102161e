using System.Buffers.Binary;

namespace Core.Store.Mailboxes;

/// <summary>A member of a mailbox, 51 bytes: enough to expire, tell and count a message without its record.</summary>
/// <remarks>
/// expires (8, Unix ms, big-endian), accepted (8), sender's partition (2), sender's handle (16), flags (1),
/// name (16). All but the name also stand in the record's header, from which <c>end.lua</c> and <c>fail.lua</c> rebuild the member.
/// </remarks>
internal static class MailboxMember
{
    /// <summary>Without the name: the part that the record's header repeats.</summary>
    public const int HeadBytes = 35;

    public const int Bytes = HeadBytes + StoreNames.NameBytes;

    public static void WriteHead(Span<byte> head, DateTimeOffset accepted, DateTimeOffset expires, AccountName sender, MemberFlags flags)
    {
        BinaryPrimitives.WriteInt64BigEndian(head, expires.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(head[8..], accepted.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16BigEndian(head[16..], (ushort)sender.Partition);
        sender.Handle.CopyTo(head[18..]);
        head[34] = (byte)flags;
    }

    public static byte[] Create(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name) => [.. head, .. name];

    public static DateTimeOffset Expires(ReadOnlySpan<byte> member) => Time(member);

    public static DateTimeOffset Accepted(ReadOnlySpan<byte> member) => Time(member[8..]);

    public static AccountName Sender(ReadOnlySpan<byte> member) => Telling.EndedMessage.SenderOf(member[16..]);

    public static MemberFlags Flags(ReadOnlySpan<byte> member) => (MemberFlags)member[34];

    public static byte[] Name(ReadOnlySpan<byte> member) => member[HeadBytes..].ToArray();

    /// <summary>A time as it stands in members, records and outcomes.</summary>
    public static DateTimeOffset Time(ReadOnlySpan<byte> bytes) => DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes));
}

/// <summary>What a member's flag byte says; the scripts know the bits.</summary>
[Flags]
internal enum MemberFlags : byte
{
    /// <summary>A text whose sender asks by GET, or not at all.</summary>
    None = 0,

    /// <summary>The sender is to be told of the end.</summary>
    Tell = 1,

    /// <summary>A receipt: never told, with a quota of its own.</summary>
    Receipt = 2,
}
