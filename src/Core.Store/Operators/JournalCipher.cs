using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using Core.Store.Envelopes;

namespace Core.Store.Operators;

/// <summary>Seals what is kept for operators: who connected from where, who wrote to whom. Day (4), salt (16), ciphertext, tag (16).</summary>
/// <remarks>
/// With a key for each day, derived from the ring's name key: every core has it, and no rotation of other keys makes the log of a week unreadable. So who has
/// the key ring can read it, as he can the accounts; what was written never stands in it.
/// </remarks>
internal sealed class JournalCipher(IDerivedKeys keys, TimeProvider time)
{
    private const int DayBytes = 4;
    private const int HeaderBytes = DayBytes + EnvelopeCipher.SaltBytes;
    private const int MostDays = 32;

    private readonly ConcurrentDictionary<uint, RingKey> _days = new();

    private static ReadOnlySpan<byte> Label => "edge journal v1"u8;

    /// <summary>Seals.</summary>
    /// <param name="plain">What to seal.</param>
    /// <param name="place">Where it will lie, authenticated: it does not open elsewhere.</param>
    public byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> place)
    {
        uint day = (uint)(time.GetUtcNow().ToUnixTimeSeconds() / 86_400);
        byte[] value = new byte[HeaderBytes + plain.Length + EnvelopeCipher.TagBytes];
        BinaryPrimitives.WriteUInt32BigEndian(value, day);
        Span<byte> salt = value.AsSpan(DayBytes, EnvelopeCipher.SaltBytes);
        EnvelopeCipher.DrawSalt(salt);
        EnvelopeCipher.Seal(KeyOf(day), Label, salt, place, plain, value.AsSpan(HeaderBytes));
        return value;
    }

    /// <returns>Null for altered bytes, or what was sealed for another place.</returns>
    public byte[]? Open(ReadOnlySpan<byte> value, ReadOnlySpan<byte> place)
    {
        int plainBytes = value.Length - HeaderBytes - EnvelopeCipher.TagBytes;
        if (plainBytes < 0) return null;
        byte[] plain = new byte[plainBytes];
        RingKey key = KeyOf(BinaryPrimitives.ReadUInt32BigEndian(value));
        return EnvelopeCipher.TryOpen(key, Label, value.Slice(DayBytes, EnvelopeCipher.SaltBytes), place, value[HeaderBytes..], plain) ? plain : null;
    }

    private RingKey KeyOf(uint day)
    {
        if (_days.Count > MostDays) _days.Clear();   // made-up days must not fill the memory
        return _days.GetOrAdd(day, d => new RingKey(d, keys.Derive(string.Create(CultureInfo.InvariantCulture, $"journal {d}")), default, default));
    }
}
