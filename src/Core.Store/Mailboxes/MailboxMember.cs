using System.Buffers.Binary;

namespace Core.Store.Mailboxes;

/// <summary>A member of a mailbox, 51 bytes: enough to expire, tell and count a message without its record.</summary>
/// <remarks>
/// expires (8, Unix ms, big-endian), accepted (8), sender's partition (2), sender's handle (16), flags (1; 0 until receipts can be asked for),
/// name (16). All but the name also stand in the record's header, from which <c>end.lua</c> and <c>fail.lua</c> rebuild the member.
/// </remarks>
internal static class MailboxMember
{
    /// <summary>Without the name: the part that the record's header repeats.</summary>
    public const int HeadBytes = 35;

    public const int Bytes = HeadBytes + StoreNames.NameBytes;

    public static void WriteHead(Span<byte> head, DateTimeOffset accepted, DateTimeOffset expires, AccountName sender)
    {
        BinaryPrimitives.WriteInt64BigEndian(head, expires.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(head[8..], accepted.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16BigEndian(head[16..], (ushort)sender.Partition);
        sender.Handle.CopyTo(head[18..]);
        head[34] = 0;
    }

    public static DateTimeOffset Expires(ReadOnlySpan<byte> member) => Time(member);

    public static DateTimeOffset Accepted(ReadOnlySpan<byte> member) => Time(member[8..]);

    public static ReadOnlySpan<byte> SenderHandle(ReadOnlySpan<byte> member) => member.Slice(18, StoreNames.NameBytes);

    public static byte[] Name(ReadOnlySpan<byte> member) => member[HeadBytes..].ToArray();

    /// <summary>A time as it stands in members, records and outcomes.</summary>
    public static DateTimeOffset Time(ReadOnlySpan<byte> bytes) => DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes));
}
