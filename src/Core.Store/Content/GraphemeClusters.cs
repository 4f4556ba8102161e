using System.Buffers;
using System.Globalization;

namespace Core.Store.Content;

/// <summary>Counts extended grapheme clusters by UAX #29 as of Unicode 17.0.</summary>
/// <remarks>
/// StringInfo finds the clusters; .NET 10 has the tables of Unicode 16.0 and not rule GB9c. What it lacks is added: <see cref="IndicConjuncts"/> and
/// <see cref="NewerMarks"/>. Where versions from 15.1 to 17.0 differ the lower number is counted (spec S2): 17.0 took 689 symbols out of
/// Extended_Pictographic and U+11A3A out of Prepend, StringInfo still joins them. Never more clusters than GraphemeBreakTest.txt of 17.0 has.
/// </remarks>
internal static class GraphemeClusters
{
    /// <summary>Latin: nothing joins what stands beside it, but LF a CR. The first combining mark is U+0300.</summary>
    private static readonly SearchValues<char> Latin = SearchValues.Create([.. Enumerable.Range(0, 0x300).Select(unit => (char)unit)]);

    /// <summary>First UTF-16 units of everything that StringInfo does not know. Texts without them, most of the world's, are StringInfo's alone.</summary>
    private static readonly SearchValues<char> BeyondStringInfo = SearchValues.Create([.. IndicConjuncts.LeadingUnits, .. NewerMarks.LeadingUnits]);

    /// <param name="text">Well-formed UTF-16. Newer marks in it are replaced by older ones.</param>
    public static int Count(Span<char> text)
    {
        if (!text.ContainsAnyExcept(Latin)) return text.Length - text.Count("\r\n");   // GB3
        bool beyond = text.ContainsAny(BeyondStringInfo);
        if (beyond) NewerMarks.Replace(text);

        int clusters = 0;
        IndicConjuncts conjuncts = default;
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty;)
        {
            int length = StringInfo.GetNextTextElementLength(rest);
            if (!beyond || !conjuncts.Continue(rest[..length])) clusters++;
            rest = rest[length..];
        }

        return clusters;
    }
}
