using System.Buffers.Binary;
using System.Text;
using Core.Store.Mailboxes;

namespace Core.Store.Telling;

/// <summary>What a receipt's record holds in place of a text: state (1), message id (16), when it ended (8), when it was accepted (8), then the sender's own id for the message in UTF-8.</summary>
internal static class ReceiptContent
{
    private const int FixedBytes = 33;

    public static byte[] Write(Receipt receipt)
    {
        byte[] content = new byte[FixedBytes + Encoding.UTF8.GetByteCount(receipt.ClientId)];
        content[0] = (byte)receipt.State;
        receipt.MessageId.TryWriteBytes(content.AsSpan(1), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(17), receipt.EndTime.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(25), receipt.AcceptTime.ToUnixTimeMilliseconds());
        Encoding.UTF8.GetBytes(receipt.ClientId, content.AsSpan(FixedBytes));
        return content;
    }

    /// <param name="content">Of an opened record: nobody but us can have written it.</param>
    public static Receipt Read(ReadOnlySpan<byte> content) => new(
        new Guid(content.Slice(1, 16), bigEndian: true),
        Encoding.UTF8.GetString(content[FixedBytes..]),
        (MessageState)content[0],
        MailboxMember.Time(content[25..]),
        MailboxMember.Time(content[17..]));
}
