using System.Globalization;
using System.Text;
using Core.Store.Content;
using Testing.Shared;

namespace Core.Store.Tests.Content;

/// <summary>160 grapheme clusters and 4,096 bytes; refused, never truncated.</summary>
[Spec("S2")]
public sealed class TextRulesTests
{
    /// <summary>Debian's package unicode-data has one.</summary>
    private static readonly string BreakTest = Environment.GetEnvironmentVariable("EDGE_GRAPHEME_BREAK_TEST") ?? "/usr/share/unicode/auxiliary/GraphemeBreakTest.txt";

    private static readonly TextLimits Limits = new();

    public static TheoryData<string> VectorNames => [.. TextVectors.ByName.Keys];

    [Theory, MemberData(nameof(VectorNames))]
    public void Check_Vector_VerdictAndFourCounts(string name)
    {
        TextVector vector = TextVectors.ByName[name];
        Assert.Equal(vector.Fault, TextRules.Check(vector.Utf8, TextVectors.Limits, out TextCounts counts));
        Assert.Equal(new TextCounts(vector.Graphemes, vector.CodePoints, vector.Utf16Units, vector.Bytes), counts);
    }

    [Fact, Spec("S5")]   // clients test themselves with what a server has unless it is told otherwise
    public void Vectors_Limits_AreTheDefaults() => Assert.Equal(Limits, TextVectors.Limits);

    [Theory]
    [InlineData("\u2701\u200D\u2701")]   // pictographic until Unicode 16.0
    [InlineData("\U00011A3A\U00011A0B")]  // prepended until Unicode 16.0
    public void Check_UnicodeVersionsDiffer_LowerNumber(string text) => Assert.Equal(1, Count(text).Graphemes);

    [Fact]   // the official cases of whatever version is there
    public void Check_GraphemeBreakTest_NeverMoreThanItSays()
    {
        if (!File.Exists(BreakTest)) Assert.Skip("EDGE_GRAPHEME_BREAK_TEST names no file and Debian's unicode-data is not installed: GraphemeBreakTest.txt was NOT tried");
        string[] lines = [.. File.ReadLines(BreakTest).Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0)];
        Assert.True(lines.Length > 500, $"only {lines.Length} cases in {BreakTest}");
        Assert.All(lines, line =>   // "÷ 0061 × 0308 ÷": a break, a code point, none, a code point, a break
        {
            IEnumerable<string> codePoints = line.Split(' ').Where(part => part is not ("÷" or "×"));
            string text = string.Concat(codePoints.Select(hex => char.ConvertFromUtf32(int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
            Assert.InRange(Count(text).Graphemes, 1, line.Count(part => part == '÷') - 1);
        });
    }

    [Theory]
    [InlineData(150, TextFault.None)]
    [InlineData(151, TextFault.TooLong)]
    public void Check_VendorMode_600Bytes(int emoji, TextFault expected)
    {
        TextLimits vendor = new() { MaxTextBytes = 600 };
        Assert.Equal(expected, TextRules.Check(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("\U0001F600", emoji))), vendor, out _));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("ä")]
    [InlineData("ж")]
    [InlineData("क्ष")]
    [InlineData("\U0001F468\u200D\U0001F469\u200D\U0001F467")]
    public void Check_160Characters_NoAllocation(string character)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(character, 160)));
        Assert.Equal(TextFault.None, TextRules.Check(text, Limits, out _));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++) TextRules.Check(text, Limits, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static TextCounts Count(string text)
    {
        TextRules.Check(Encoding.UTF8.GetBytes(text), Limits, out TextCounts counts);
        return counts;
    }
}
