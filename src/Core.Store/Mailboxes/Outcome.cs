using System.Buffers.Binary;

namespace Core.Store.Mailboxes;

/// <summary>
/// What overwrites a record when its message ends, 30 bytes and no content: 'O', state digit, expires (8), accepted (8), ended (8), flags (1), SIP status of the
/// last try (2, 0 without one), its number (1).
/// </summary>
/// <remarks>Stored by <c>end.lua</c> and <c>drop.lua</c> only.</remarks>
internal static class Outcome
{
    public const int Bytes = 30;

    private const int LastTryAt = 27;

    public static bool TryParse(ReadOnlySpan<byte> value, out MessageStatus status)
    {
        status = null!;
        if (value.Length < Bytes || value[0] != 'O' || value[1] is < (byte)'1' or > (byte)'5') return false;
        status = new MessageStatus((MessageState)(value[1] - '0'), MailboxMember.Time(value[10..]), MailboxMember.Time(value[2..]));
        return true;
    }

    /// <summary>When the message ended.</summary>
    public static DateTimeOffset Ended(ReadOnlySpan<byte> value) => MailboxMember.Time(value[18..]);

    /// <summary>The try that ended it: SIP status, 0 without one, and its number, 0 if none did.</summary>
    public static (int SipStatus, int Attempt) LastTry(ReadOnlySpan<byte> value) => (BinaryPrimitives.ReadUInt16BigEndian(value[LastTryAt..]), value[LastTryAt + 2]);

    /// <summary>Writes an outcome.</summary>
    /// <param name="times">Where they are not known, <c>end.lua</c> puts in what the record says.</param>
    public static void Write(Span<byte> outcome, MessageState state, MessageTimes times, DateTimeOffset ended, int sipStatus, int attempt)
    {
        outcome[0] = (byte)'O';
        outcome[1] = Digit(state);
        BinaryPrimitives.WriteInt64BigEndian(outcome[2..], times.Expires.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(outcome[10..], times.Accepted.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(outcome[18..], ended.ToUnixTimeMilliseconds());
        outcome[26] = (byte)MemberFlags.None;
        BinaryPrimitives.WriteUInt16BigEndian(outcome[LastTryAt..], (ushort)Math.Clamp(sipStatus, 0, 699));
        outcome[LastTryAt + 2] = (byte)Math.Clamp(attempt, 0, byte.MaxValue);
    }

    /// <summary>The digit that stands for a state in scripts and outcomes.</summary>
    public static byte Digit(MessageState state) => state switch
    {
        MessageState.Delivered => (byte)'1',
        MessageState.Expired => (byte)'2',
        MessageState.InvalidRecipient => (byte)'3',
        MessageState.InvalidDevice => (byte)'4',
        MessageState.InvalidPayload => (byte)'5',
        _ => throw new ArgumentOutOfRangeException(nameof(state), "not an end"),
    };
}
