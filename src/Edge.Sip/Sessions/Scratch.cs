using Edge.Sip.Parsing;

namespace Edge.Sip.Sessions;

/// <summary>Room for one message at a time on each thread, so that parsing and answering allocate nothing.</summary>
internal static class Scratch
{
    [ThreadStatic]
    private static byte[]? _bytes;

    [ThreadStatic]
    private static SipHeaderSlot[]? _slots;

    /// <summary>At least this many bytes; what was in them is nobody's any more.</summary>
    public static byte[] Bytes(int atLeast)
    {
        if (_bytes is null || _bytes.Length < atLeast) _bytes = new byte[Math.Max(atLeast, 16_384)];
        return _bytes;
    }

    public static Span<SipHeaderSlot> Slots(int count)
    {
        if (_slots is null || _slots.Length < count) _slots = new SipHeaderSlot[count];
        return _slots.AsSpan(0, count);
    }
}
