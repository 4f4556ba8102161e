using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipGrammarTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\\\"b\\\\c", "a\"b\\c")]
    [InlineData("NUL:\\\0", "NUL:\0")]
    [InlineData("end\\", "end\\")]
    public void Unquote_Escapes_Undone(string inner, string plain)
    {
        byte[] buffer = new byte[inner.Length];
        int length = SipGrammar.Unquote(Sample.Bytes(inner), buffer);
        Assert.Equal(plain, Encoding.Latin1.GetString(buffer, 0, length));
        Assert.Equal(plain, SipGrammar.UnquoteText(Sample.Bytes(inner)));
    }

    [Theory]
    [InlineData("  a \t b\r\n  c\r\n\t", "a b c")]
    [InlineData("", "")]
    [InlineData(" \r\n ", "")]
    public void Unfold_RunsOfBlanks_OneEach(string value, string line)
    {
        byte[] buffer = new byte[value.Length];
        int length = SipGrammar.Unfold(Sample.Bytes(value), buffer);
        Assert.Equal(line, Encoding.Latin1.GetString(buffer, 0, length));
    }

    [Theory]
    [InlineData("0", 10, true, 0)]
    [InlineData("10", 10, true, 10)]
    [InlineData("11", 10, true, 11)]
    [InlineData("99999999999999999999999999", 10, true, 11)]
    [InlineData("99999999999999999999999999", 2147483647L, true, 2147483648L)]
    [InlineData("", 10, false, 0)]
    [InlineData("1a", 10, false, 1)]
    [InlineData(" 1", 10, false, 0)]
    public void TryReadNumber_Digits_NoOverflow(string digits, long most, bool read, long number)
    {
        Assert.Equal(read, SipGrammar.TryReadNumber(Sample.Bytes(digits), most, out long value));
        Assert.Equal(number, value);
    }
}
