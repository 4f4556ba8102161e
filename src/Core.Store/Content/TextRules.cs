using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Core.Store.Content;

/// <summary>What a text must be before anything is stored (spec S2): well-formed, without NUL, not blank, not too long.</summary>
/// <remarks>Refused, never truncated, split or normalised. Characters are <see cref="GraphemeClusters"/>.</remarks>
public static class TextRules
{
    /// <summary>Texts of up to this many UTF-16 units are counted on the stack.</summary>
    private const int StackUnits = 1_024;

    private static readonly SearchValues<byte> AsciiBlanks = SearchValues.Create(" \t\n\v\f\r"u8);

    /// <summary>Default_Ignorable_Code_Point of Unicode 17.0, in ranges: zero-width characters, joiners, fillers, variation selectors, tags.</summary>
    private static ReadOnlySpan<int> Ignorables =>
    [
        0x00AD, 0x00AD, 0x034F, 0x034F, 0x061C, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x200B, 0x200F, 0x202A, 0x202E,
        0x2060, 0x206F, 0x3164, 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFF8, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A,
        0xE0000, 0xE0FFF,
    ];

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
        Span<char> text = chars[..units];

        int codePoints = 0;
        blank = true;
        foreach (Rune rune in text.EnumerateRunes())
        {
            codePoints++;
            blank = blank && IsBlank(rune);
        }

        int graphemes = GraphemeClusters.Count(text);
        text.Clear();   // the pool must not keep texts
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        return new TextCounts(graphemes, codePoints, units, utf8.Length);
    }

    /// <summary>Shows nothing by itself: White_Space or Default_Ignorable_Code_Point.</summary>
    private static bool IsBlank(Rune rune) => Rune.IsWhiteSpace(rune) || CodePointRanges.Contain(Ignorables, rune.Value);
}
