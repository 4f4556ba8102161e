using Core.Store.Mailboxes;

namespace Core.Store.Telling;

/// <summary>
/// What is to be told, 43 bytes: state digit (1), sender's partition (2) and handle (16), message name (16), when it ended (8).
/// </summary>
/// <remarks>Written by <c>end.lua</c> and <c>drop.lua</c> only, into the set <c>{r}w</c>. The message's id stands in the ledger entry, which outlives the record.</remarks>
internal readonly record struct EndedMessage(string StateDigit, AccountName Sender, byte[] Message, byte[] EndedAt)
{
    /// <summary>Bytes of a sender's partition and handle.</summary>
    public const int SenderLength = 2 + StoreNames.NameBytes;

    private const int Bytes = 43;

    public MessageState State => (MessageState)(StateDigit[0] - '0');

    /// <returns>False if the value is none.</returns>
    public static bool TryParse(ReadOnlySpan<byte> entry, out EndedMessage ended)
    {
        ended = default;
        if (entry.Length != Bytes || entry[0] is < (byte)'1' or > (byte)'5') return false;
        int partition = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(entry[1..]) % StoreNames.Partitions;
        ended = new EndedMessage(
            ((char)entry[0]).ToString(), new AccountName(entry.Slice(3, 16).ToArray(), partition), entry.Slice(19, 16).ToArray(), entry.Slice(35, 8).ToArray());
        return true;
    }

    /// <summary>The sender as it stands in an entry.</summary>
    public static AccountName SenderOf(ReadOnlySpan<byte> bytes) =>
        new(bytes.Slice(2, StoreNames.NameBytes).ToArray(), System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(bytes) % StoreNames.Partitions);

    /// <inheritdoc cref="SenderOf"/>
    public static byte[] SenderBytes(AccountName sender)
    {
        byte[] bytes = new byte[SenderLength];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)sender.Partition);
        sender.Handle.CopyTo(bytes, 2);
        return bytes;
    }
}
