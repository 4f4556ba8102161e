using System.Text;

namespace Core.Store.Content;

/// <summary>The 42 combining marks that Unicode 17.0 added, unassigned for a StringInfo of 16.0: it would count each as a character of its own.</summary>
internal static class NewerMarks
{
    /// <summary>Grapheme_Cluster_Break=Extend, in ranges.</summary>
    private static ReadOnlySpan<int> Extends =>
    [
        0x1ACF, 0x1ADD, 0x1AE0, 0x1AEB, 0x10EFA, 0x10EFB, 0x11B60, 0x11B60, 0x11B62, 0x11B64, 0x11B66, 0x11B66, 0x1E6E3, 0x1E6E3,
        0x1E6E6, 0x1E6E6, 0x1E6EE, 0x1E6EF, 0x1E6F5, 0x1E6F5,
    ];

    /// <summary>Grapheme_Cluster_Break=SpacingMark, in ranges.</summary>
    private static ReadOnlySpan<int> SpacingMarks => [0x11B61, 0x11B61, 0x11B65, 0x11B65, 0x11B67, 0x11B67];

    /// <summary>The first UTF-16 units of them all: the BMP ones themselves, the high surrogates of the others.</summary>
    public static IEnumerable<char> LeadingUnits =>
        Enumerable.Range(0x1ACF, 0x1AEC - 0x1ACF).Concat([0x10EFA, 0x11B60, 0x1E6E3]).Select(mark => new Rune(mark).ToString()[0]);

    /// <summary>Puts older marks of the same kind and the same number of UTF-16 units in their places: U+0300 and U+E0100 extend, U+11000 is spacing.</summary>
    public static void Replace(Span<char> text)
    {
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune? older =
                CodePointRanges.Contain(Extends, rune.Value) ? new Rune(rune.IsBmp ? 0x0300 : 0xE0100)
                : CodePointRanges.Contain(SpacingMarks, rune.Value) ? new Rune(0x11000)
                : null;
            older?.EncodeToUtf16(text[at..]);
            at += rune.Utf16SequenceLength;
        }
    }
}
