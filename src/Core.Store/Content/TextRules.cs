using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Core.Store.Content;

/// <summary>What a text must be before anything is stored (spec S2): well-formed, without NUL, not blank, not too long.</summary>
/// <remarks>Refused, never truncated, split or normalised. Graphemes are counted by StringInfo (UAX #29 without rule GB9c).</remarks>
public static class TextRules
{
    /// <summary>Texts of up to this many UTF-16 units are counted on the stack.</summary>
    private const int StackUnits = 1_024;

    private static readonly SearchValues<byte> AsciiBlanks = SearchValues.Create(" \t\n\v\f\r"u8);

    /// <summary>Checks a text and counts it in all four ways.</summary>
    /// <param name="utf8">The text as it came in.</param>
    /// <param name="limits">How long it may be.</param>
    /// <param name="counts">The four lengths; all zero for an ill-formed text, which has none.</param>
    /// <returns>The first fault in this order: ill-formed, holds NUL, blank, too long; or <see cref="TextFault.None"/>.</returns>
    public static TextFault Check(ReadOnlySpan<byte> utf8, TextLimits limits, out TextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(limits);
        bool blank;
        if (Ascii.IsValid(utf8))
        {
            blank = !utf8.ContainsAnyExcept(AsciiBlanks);
            counts = new TextCounts(utf8.Length - utf8.Count("\r\n"u8), utf8.Length, utf8.Length, utf8.Length);   // GB3: CR LF is one
        }
        else if (Utf8.IsValid(utf8))
        {
            counts = Count(utf8, out blank);
        }
        else
        {
            counts = default;
            return TextFault.IllFormed;
        }

        if (utf8.Contains((byte)0)) return TextFault.HoldsNul;
        if (blank) return TextFault.Blank;
        return counts.Graphemes > limits.MaxCharacters || counts.Bytes > limits.MaxTextBytes ? TextFault.TooLong : TextFault.None;
    }

    private static TextCounts Count(ReadOnlySpan<byte> utf8, out bool blank)
    {
        int units = Encoding.UTF8.GetCharCount(utf8);
        char[]? rented = units > StackUnits ? ArrayPool<char>.Shared.Rent(units) : null;
        Span<char> chars = rented is null ? stackalloc char[StackUnits] : rented;
        units = Encoding.UTF8.GetChars(utf8, chars);
        ReadOnlySpan<char> text = chars[..units];

        int codePoints = 0;
        blank = true;
        foreach (Rune rune in text.EnumerateRunes())
        {
            codePoints++;
            blank = blank && IsBlank(rune);
        }

        int graphemes = 0;
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty; graphemes++)
        {
            rest = rest[StringInfo.GetNextTextElementLength(rest)..];
        }

        chars[..units].Clear();   // the pool must not keep texts
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        return new TextCounts(graphemes, codePoints, units, utf8.Length);
    }

    /// <summary>White space, and what has no width of its own (zero-width space, joiners, byte order mark).</summary>
    private static bool IsBlank(Rune rune) => Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format;
}
