using Edge.Sip.Parsing;

namespace Edge.Sip.Sessions;

/// <summary>Room for one message at a time on each thread, so that parsing and answering allocate nothing.</summary>
internal static class Scratch
{
    [ThreadStatic]
    private static byte[]? s_bytes;

    [ThreadStatic]
    private static SipHeaderSlot[]? s_slots;

    /// <summary>At least this many bytes; what was in them is nobody's any more.</summary>
    public static byte[] Bytes(int atLeast)
    {
        if (s_bytes is null || s_bytes.Length < atLeast) s_bytes = new byte[Math.Max(atLeast, 16_384)];
        return s_bytes;
    }

    public static Span<SipHeaderSlot> Slots(int count)
    {
        if (s_slots is null || s_slots.Length < count) s_slots = new SipHeaderSlot[count];
        return s_slots.AsSpan(0, count);
    }
}
