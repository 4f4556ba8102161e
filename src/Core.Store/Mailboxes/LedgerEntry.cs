using System.Buffers.Binary;
using System.Security.Cryptography;
using Core.Store.Envelopes;

namespace Core.Store.Mailboxes;

/// <summary>
/// The claim of an id by its sender: 'L', recipient's partition (2), fingerprint key id (4), fingerprint (16), first accept time (8), told state (1),
/// message id (16); behind these 48 bytes the receipts asked for, if any, sealed (see SealedReceiptRequest).
/// </summary>
/// <remarks>Made by SET NX. <c>tell.lua</c> raises the told state; nothing else changes.</remarks>
internal readonly record struct LedgerEntry(int RecipientPartition, DateTimeOffset Accepted, bool AsksReceipts)
{
    /// <summary>Of an entry without receipts.</summary>
    public const int Bytes = 48;

    private const int FingerprintAt = 7;
    private const int FingerprintBytes = 16;
    private const int AcceptedAt = 23;
    private const int ToldAt = 31;
    private const int MessageIdAt = 32;

    /// <summary>A new claim.</summary>
    /// <param name="ring">Its newest fingerprint key is used.</param>
    /// <param name="recipient">Whom the message is for.</param>
    /// <param name="text">The text.</param>
    /// <param name="accepted">When it was first accepted.</param>
    /// <param name="messageId">The sender's id: what ended is told by it, even when its record is long gone.</param>
    /// <param name="receipts">The receipts asked for, sealed; empty for none.</param>
    public static byte[] Create(KeyRing ring, AccountName recipient, ReadOnlySpan<byte> text, DateTimeOffset accepted, Guid messageId, ReadOnlySpan<byte> receipts)
    {
        RingKey key = ring.Current(KeyPurpose.Fingerprint);
        byte[] entry = new byte[Bytes + receipts.Length];
        entry[0] = (byte)'L';
        BinaryPrimitives.WriteUInt16BigEndian(entry.AsSpan(1), (ushort)recipient.Partition);
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(3), key.Id);
        Fingerprint(key, recipient, text, entry.AsSpan(FingerprintAt, FingerprintBytes));
        BinaryPrimitives.WriteInt64BigEndian(entry.AsSpan(AcceptedAt), accepted.ToUnixTimeMilliseconds());
        entry[ToldAt] = (byte)'0';
        messageId.TryWriteBytes(entry.AsSpan(MessageIdAt), bigEndian: true, out _);
        receipts.CopyTo(entry.AsSpan(Bytes));
        return entry;
    }

    /// <returns>False if the value is not a claim.</returns>
    public static bool TryParse(ReadOnlySpan<byte> value, out LedgerEntry entry)
    {
        entry = default;
        if (value.Length < Bytes || value[0] != 'L') return false;
        entry = new LedgerEntry(BinaryPrimitives.ReadUInt16BigEndian(value[1..]) % StoreNames.Partitions, MailboxMember.Time(value[AcceptedAt..]), value.Length > Bytes);
        return true;
    }

    /// <summary>The sender's id; null if the value is not a claim.</summary>
    public static Guid? MessageIdOf(ReadOnlySpan<byte> value) => value.Length >= Bytes && value[0] == 'L' ? new Guid(value.Slice(MessageIdAt, 16), bigEndian: true) : null;

    /// <summary>The fingerprint key of a claim; null if the value is not one.</summary>
    public static uint? KeyOf(ReadOnlySpan<byte> value) => value.Length >= Bytes && value[0] == 'L' ? BinaryPrimitives.ReadUInt32BigEndian(value[3..]) : null;

    /// <summary>Whether a claim was made for this recipient and text.</summary>
    /// <exception cref="StoreUnavailableException">The ring lacks its key: this core's file is behind the others', since a key is wiped only after its last claim.</exception>
    public static bool IsFor(ReadOnlySpan<byte> value, KeyRing ring, AccountName recipient, ReadOnlySpan<byte> text)
    {
        if (!ring.TryGet(KeyPurpose.Fingerprint, BinaryPrimitives.ReadUInt32BigEndian(value[3..]), out RingKey? key))
            throw new StoreUnavailableException("The key ring lacks the key of a claim.");
        Span<byte> expected = stackalloc byte[FingerprintBytes];
        Fingerprint(key, recipient, text, expected);
        return CryptographicOperations.FixedTimeEquals(expected, value.Slice(FingerprintAt, FingerprintBytes));
    }

    private static void Fingerprint(RingKey key, AccountName recipient, ReadOnlySpan<byte> text, Span<byte> output) =>
        key.Hash.Compute(recipient.Handle, text, output);   // the handle is of fixed length: no text can pass for part of it
}
