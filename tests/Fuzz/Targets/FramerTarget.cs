using Edge.Sip.Parsing;

namespace Fuzz.Targets;

/// <summary>Where messages begin and end depends on the bytes alone, not on how they were cut; never more is held than the limits say.</summary>
internal static class FramerTarget
{
    private static readonly SipLimits Limits = new();

    public static void Run(ReadOnlySpan<byte> bytes)
    {
        int cut = bytes.IsEmpty ? 0 : bytes[^1] * bytes.Length / 256;
        Check(bytes, cut);
    }

    public static void Check(ReadOnlySpan<byte> bytes, int cut)
    {
        ulong whole = Outcome(bytes, bytes.Length), pieces = Outcome(bytes, cut);
        if (whole != pieces) throw new InvalidOperationException($"cut at {cut} the bytes are other messages");
    }

    /// <summary>A number made of every frame's kind, place and fault.</summary>
    private static ulong Outcome(ReadOnlySpan<byte> bytes, int cut)
    {
        SipFramer framer = new(Limits);
        ulong outcome = 14_695_981_039_346_656_037;
        int consumed = 0;
        for (int known = cut; ; known = bytes.Length)
        {
            while (true)
            {
                SipFrame frame = framer.Next(bytes[consumed..known]);
                if (frame.Consumed < 0 || frame.Consumed > known - consumed) throw new InvalidOperationException("consumed what is not there");
                if (frame.Kind == SipFrameKind.Fault) return Mix(outcome, (ulong)frame.Fault + 1_000);
                if (frame.Kind == SipFrameKind.Message)
                {
                    outcome = Mix(Mix(outcome, (ulong)(consumed + frame.Start)), (ulong)frame.HeadBytes);
                    outcome = Mix(outcome, (ulong)(frame.Head(bytes[consumed..known]).Length + frame.Body(bytes[consumed..known]).Length));
                }

                if (frame.Kind == SipFrameKind.Ping) outcome = Mix(outcome, 7);
                consumed += frame.Consumed;
                if (frame.Kind == SipFrameKind.NeedMore) break;
                if (frame.Consumed == 0) throw new InvalidOperationException("a frame of nothing: this would go on for ever");
            }

            if (known - consumed > Limits.MessageBytes) throw new InvalidOperationException("more bytes wait than the limits allow");
            if (known == bytes.Length) return Mix(outcome, (ulong)(known - consumed));
        }
    }

    private static ulong Mix(ulong hash, ulong value) => (hash ^ value) * 1_099_511_628_211;
}
