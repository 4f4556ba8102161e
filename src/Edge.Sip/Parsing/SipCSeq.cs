namespace Edge.Sip.Parsing;

/// <summary>CSeq: a number below 2^31 and a method (RFC 3261 §8.1.1.5, §20.16).</summary>
internal readonly ref struct SipCSeq
{
    public int Number { get; private init; }

    public ReadOnlySpan<byte> Method { get; private init; }

    public static bool TryParse(ReadOnlySpan<byte> value, out SipCSeq cseq)
    {
        cseq = default;
        int blank = value.IndexOfAny(SipGrammar.Blanks);
        if (blank < 1) return false;
        if (!SipGrammar.TryReadNumber(value[..blank], int.MaxValue, out long number) || number > int.MaxValue) return false;
        ReadOnlySpan<byte> method = SipGrammar.Trim(value[blank..]);
        if (!SipGrammar.IsToken(method)) return false;
        cseq = new SipCSeq { Number = (int)number, Method = method };
        return true;
    }
}
