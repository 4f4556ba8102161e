using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>Content-Type: RFC 3261 §20.15.</summary>
internal readonly ref struct SipMediaType
{
    public ReadOnlySpan<byte> Type { get; private init; }

    public ReadOnlySpan<byte> Subtype { get; private init; }

    /// <summary>The parameters with their first semicolon, all well formed.</summary>
    public ReadOnlySpan<byte> Parameters { get; private init; }

    /// <summary>The charset parameter; empty if there is none, which means UTF-8 (RFC 3261 §7.4.1).</summary>
    public ReadOnlySpan<byte> Charset => SipParameters.TryFind(Parameters, "charset"u8, out ReadOnlySpan<byte> charset) ? charset : default;

    /// <summary>text/plain in UTF-8 or its part US-ASCII: the one content this server keeps (spec S1).</summary>
    public bool IsUtf8Text => Is("text"u8, "plain"u8)
        && (Charset.IsEmpty || Ascii.EqualsIgnoreCase(Charset, "utf-8"u8) || Ascii.EqualsIgnoreCase(Charset, "us-ascii"u8));

    public static bool TryParse(ReadOnlySpan<byte> value, out SipMediaType media)
    {
        media = default;
        ReadOnlySpan<byte> rest = value;
        if (!SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> type) || !SipGrammar.TryTake(ref rest, (byte)'/')) return false;
        if (!SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> subtype) || !SipParameters.AreValid(rest)) return false;
        media = new SipMediaType { Type = type, Subtype = subtype, Parameters = rest };
        return true;
    }

    public bool Is(ReadOnlySpan<byte> type, ReadOnlySpan<byte> subtype) =>
        Ascii.EqualsIgnoreCase(Type, type) && Ascii.EqualsIgnoreCase(Subtype, subtype);
}
