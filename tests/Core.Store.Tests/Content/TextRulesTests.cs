using System.Text;
using Core.Store.Content;
using Testing.Shared;

namespace Core.Store.Tests.Content;

/// <summary>Spec S2: 160 grapheme clusters and 4,096 bytes; refused, never truncated.</summary>
public sealed class TextRulesTests
{
    private static readonly TextLimits Limits = new();

    [Theory]
    [InlineData("hi", 2, 2, 2, 2)]
    [InlineData("a\r\nb", 3, 4, 4, 4)]                                            // GB3
    [InlineData("é", 1, 1, 1, 2)]
    [InlineData("e\u0301", 1, 2, 2, 3)]                                           // combining accent
    [InlineData("\U0001F600", 1, 1, 2, 4)]
    [InlineData("\U0001F468\u200D\U0001F469\u200D\U0001F467", 1, 5, 8, 18)]       // a family: one character to its reader
    [InlineData("\U0001F1E9\U0001F1EA", 1, 2, 4, 8)]                              // a flag
    [InlineData("日本語", 3, 3, 3, 9)]
    [Spec("S2")]
    public void Check_ValidText_FourCounts(string text, int graphemes, int codePoints, int units, int bytes)
    {
        Assert.Equal(TextFault.None, TextRules.Check(Encoding.UTF8.GetBytes(text), Limits, out TextCounts counts));
        Assert.Equal(new TextCounts(graphemes, codePoints, units, bytes), counts);
    }

    [Theory]
    [InlineData(160, TextFault.None)]
    [InlineData(161, TextFault.TooLong)]
    [Spec("S2")]
    public void Check_AtTheLimit_ExactlySoMany(int characters, TextFault expected)
    {
        Assert.Equal(expected, TextRules.Check(Encoding.UTF8.GetBytes(new string('a', characters)), Limits, out _));
        Assert.Equal(expected, TextRules.Check(Encoding.UTF8.GetBytes(new string('ä', characters)), Limits, out _));
        string emoji = string.Concat(Enumerable.Repeat("\U0001F468\u200D\U0001F469\u200D\U0001F467", characters));
        Assert.Equal(expected, TextRules.Check(Encoding.UTF8.GetBytes(emoji), Limits, out TextCounts counts));
        Assert.Equal(characters, counts.Graphemes);
    }

    [Fact]
    [Spec("S2")]
    public void Check_FewCharactersManyBytes_TooLong()
    {
        string zalgo = "a" + string.Concat(Enumerable.Repeat("\u0301", 2_048));
        Assert.Equal(TextFault.TooLong, TextRules.Check(Encoding.UTF8.GetBytes(zalgo), Limits, out TextCounts counts));
        Assert.Equal(new TextCounts(1, 2_049, 2_049, 4_097), counts);
    }

    [Fact]
    [Spec("S2", "S5")]
    public void Check_VendorMode_600Bytes()
    {
        TextLimits vendor = new() { MaxTextBytes = 600 };
        Assert.Equal(TextFault.TooLong, TextRules.Check(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("\U0001F600", 151))), vendor, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\r\n\t ")]
    [InlineData("\u00A0\u3000\u2003")]
    [InlineData("\u200B")]
    [InlineData("\uFEFF \u200D")]
    [Spec("S2")]
    public void Check_NothingToSee_Blank(string text) => Assert.Equal(TextFault.Blank, TextRules.Check(Encoding.UTF8.GetBytes(text), Limits, out _));

    [Theory]
    [InlineData("C0AF")]           // overlong
    [InlineData("EDA080")]         // a surrogate
    [InlineData("F4908080")]       // above U+10FFFF
    [InlineData("61E282")]         // cut short
    [InlineData("FF")]
    [InlineData("C00061")]         // and a NUL: ill-formed is told first
    [Spec("S2")]
    public void Check_NotUtf8_IllFormedWithoutCounts(string hex)
    {
        Assert.Equal(TextFault.IllFormed, TextRules.Check(Convert.FromHexString(hex), Limits, out TextCounts counts));
        Assert.Equal(default, counts);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("\0")]
    [InlineData("ä\0")]
    [Spec("S2")]
    public void Check_HoldsNul_Refused(string text) => Assert.Equal(TextFault.HoldsNul, TextRules.Check(Encoding.UTF8.GetBytes(text), Limits, out _));

    [Fact]
    public void Check_BlankAndTooLong_BlankFirst() => Assert.Equal(TextFault.Blank, TextRules.Check(Encoding.UTF8.GetBytes(new string(' ', 200)), Limits, out _));

    [Fact]   // the fast path allocates nothing
    public void Check_Ascii_NoAllocation()
    {
        byte[] text = Encoding.UTF8.GetBytes(new string('a', 160));
        TextRules.Check(text, Limits, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++) TextRules.Check(text, Limits, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
