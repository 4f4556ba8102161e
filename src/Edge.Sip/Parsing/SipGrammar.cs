using System.Buffers;
using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>The small words of the grammar, RFC 3261 §25.1. Nothing here throws or allocates, whatever the input.</summary>
/// <remarks>A blank is SP, HT, or the CR and LF of a folded line: the framer has seen to it that CR LF is always followed by SP or HT inside a value.</remarks>
internal static class SipGrammar
{
    /// <summary>Bytes of a <c>token</c>.</summary>
    public static readonly SearchValues<byte> Token =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~"u8);

    /// <summary>Bytes of a host name, an IPv4 address or a bracketed IPv6 address.</summary>
    public static readonly SearchValues<byte> Host =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"u8);

    /// <summary>Bytes inside the brackets of an IPv6 reference.</summary>
    public static readonly SearchValues<byte> Ipv6 = SearchValues.Create("ABCDEFabcdef0123456789:."u8);

    /// <summary>Blanks, folding included.</summary>
    public static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);

    private static readonly SearchValues<byte> PlainValueEnd = SearchValues.Create(" \t\r\n;,\"<>"u8);
    private static readonly SearchValues<byte> QuoteOrEscape = SearchValues.Create("\"\\"u8);
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\",<>"u8);

    public static bool IsBlank(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    public static bool IsToken(ReadOnlySpan<byte> text) => text.Length > 0 && !text.ContainsAnyExcept(Token);

    public static ReadOnlySpan<byte> TrimStart(ReadOnlySpan<byte> text)
    {
        int first = text.IndexOfAnyExcept(Blanks);
        return first < 0 ? default : text[first..];
    }

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        int first = text.IndexOfAnyExcept(Blanks);
        return first < 0 ? default : text[first..(text.LastIndexOfAnyExcept(Blanks) + 1)];
    }

    /// <summary>Takes one token from the front; blanks before it are skipped.</summary>
    public static bool TryTakeToken(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> token)
    {
        rest = TrimStart(rest);
        int end = rest.IndexOfAnyExcept(Token);
        if (end < 0) end = rest.Length;
        token = rest[..end];
        rest = rest[end..];
        return end > 0;
    }

    /// <summary>Takes one given byte from the front; blanks before it are skipped. Leaves <paramref name="rest"/> trimmed if it is another.</summary>
    public static bool TryTake(scoped ref ReadOnlySpan<byte> rest, byte expected)
    {
        rest = TrimStart(rest);
        if (rest.IsEmpty || rest[0] != expected) return false;
        rest = rest[1..];
        return true;
    }

    /// <summary>Takes a quoted string from the front of <paramref name="rest"/>, which begins with the quote.</summary>
    /// <param name="inner">What stands between the quotes, escapes not yet undone.</param>
    /// <returns>False if the quote is never closed.</returns>
    public static bool TryTakeQuoted(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> inner)
    {
        inner = default;
        if (rest.IsEmpty || rest[0] != (byte)'"') return false;
        int at = 1;
        while (true)
        {
            int found = rest[at..].IndexOfAny(QuoteOrEscape);
            if (found < 0) return false;
            at += found;
            if (rest[at] == (byte)'"') break;
            at += 2;   // the escaped byte, whatever it is
            if (at >= rest.Length) return false;
        }

        inner = rest[1..at];
        rest = rest[(at + 1)..];
        return true;
    }

    /// <summary>Takes <c>name</c> or <c>name = value</c> from the front; the value is a quoted string or a run without blanks.</summary>
    /// <param name="value">Without quotes, escapes not yet undone; empty if there is no <c>=</c>.</param>
    public static bool TryTakeParameter(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryTakeToken(ref rest, out name)) return false;
        if (!TryTake(ref rest, (byte)'=')) return true;
        rest = TrimStart(rest);
        if (!rest.IsEmpty && rest[0] == (byte)'"') return TryTakeQuoted(ref rest, out value);
        int end = rest.IndexOfAny(PlainValueEnd);
        if (end < 0) end = rest.Length;
        value = rest[..end];
        rest = rest[end..];
        return end > 0;
    }

    /// <summary>Where the first comma stands that is neither inside quotes nor inside angle brackets; the length if there is none; -1 if a quote or bracket is never closed.</summary>
    public static int FindComma(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (true)
        {
            int found = text[at..].IndexOfAny(Structure);
            if (found < 0) return text.Length;
            at += found;
            switch (text[at])
            {
                case (byte)',':
                    return at;
                case (byte)'"':
                    ReadOnlySpan<byte> rest = text[at..];
                    if (!TryTakeQuoted(ref rest, out _)) return -1;
                    at = text.Length - rest.Length;
                    break;
                case (byte)'<':
                    int close = text[at..].IndexOf((byte)'>');
                    if (close < 0) return -1;
                    at += close + 1;
                    break;
                default:
                    return -1;   // '>' without '<'
            }
        }
    }

    /// <summary>A run of digits, leading zeros allowed. A number above <paramref name="most"/> gives <c>most + 1</c>: no overflow.</summary>
    /// <returns>False if empty or not all digits.</returns>
    public static bool TryReadNumber(ReadOnlySpan<byte> digits, long most, out long number)
    {
        number = 0;
        if (digits.IsEmpty) return false;
        foreach (byte b in digits)
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            if (number <= most) number = (number * 10) + (b - '0');
        }

        if (number > most) number = most + 1;
        return true;
    }

    /// <summary>Undoes the escapes of a quoted string (<c>\x</c> becomes <c>x</c>).</summary>
    /// <param name="inner">What stood between the quotes.</param>
    /// <param name="plain">At least as long as <paramref name="inner"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Unquote(ReadOnlySpan<byte> inner, Span<byte> plain)
    {
        int length = 0;
        for (int i = 0; i < inner.Length; i++)
        {
            if (inner[i] == (byte)'\\' && i + 1 < inner.Length) i++;
            plain[length++] = inner[i];
        }

        return length;
    }

    /// <summary>The text of a quoted string or token with its escapes undone, decoded as UTF-8. Allocates: for values that leave the parser.</summary>
    public static string UnquoteText(ReadOnlySpan<byte> inner)
    {
        if (!inner.Contains((byte)'\\')) return Encoding.UTF8.GetString(inner);
        byte[] plain = new byte[inner.Length];
        return Encoding.UTF8.GetString(plain.AsSpan(0, Unquote(inner, plain)));
    }

    /// <summary>Writes a value with each run of blanks, folds included, as one SP (RFC 3261 §7.3.1).</summary>
    /// <param name="line">At least as long as <paramref name="value"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Unfold(ReadOnlySpan<byte> value, Span<byte> line)
    {
        int length = 0;
        bool blank = false;
        foreach (byte b in Trim(value))
        {
            if (IsBlank(b))
            {
                blank = true;
                continue;
            }

            if (blank) line[length++] = (byte)' ';
            blank = false;
            line[length++] = b;
        }

        return length;
    }

    /// <summary>A host: name, IPv4 address or IPv6 address in brackets. Checked by its bytes and shape, not resolved.</summary>
    public static bool IsHost(ReadOnlySpan<byte> host)
    {
        if (host.IsEmpty || host.Length > 255) return false;
        if (host[0] != (byte)'[') return !host.ContainsAnyExcept(Host);
        return host.Length > 3 && host[^1] == (byte)']' && !host[1..^1].ContainsAnyExcept(Ipv6);
    }

    /// <summary>Splits <c>host [":" port]</c>; blanks round the colon are allowed, as in Via.</summary>
    /// <param name="port">0 if there is none.</param>
    public static bool TryReadHostPort(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> host, out int port)
    {
        port = 0;
        int bracket = text.LastIndexOf((byte)']');
        int colon = text[(bracket + 1)..].IndexOf((byte)':');
        if (colon < 0)
        {
            host = Trim(text);
            return IsHost(host);
        }

        colon += bracket + 1;
        host = Trim(text[..colon]);
        if (!TryReadNumber(Trim(text[(colon + 1)..]), 65_535, out long number) || number is 0 or > 65_535) return false;
        port = (int)number;
        return IsHost(host);
    }
}
