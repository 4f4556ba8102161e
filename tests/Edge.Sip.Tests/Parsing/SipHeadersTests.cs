using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipHeadersTests
{
    [Theory]
    [InlineData("Via", SipHeader.Via)]
    [InlineData("v", SipHeader.Via)]
    [InlineData("V", SipHeader.Via)]
    [InlineData("From", SipHeader.From)]
    [InlineData("f", SipHeader.From)]
    [InlineData("tO", SipHeader.To)]
    [InlineData("t", SipHeader.To)]
    [InlineData("Call-ID", SipHeader.CallId)]
    [InlineData("call-id", SipHeader.CallId)]
    [InlineData("i", SipHeader.CallId)]
    [InlineData("Contact", SipHeader.Contact)]
    [InlineData("m", SipHeader.Contact)]
    [InlineData("Content-Type", SipHeader.ContentType)]
    [InlineData("c", SipHeader.ContentType)]
    [InlineData("Content-Encoding", SipHeader.ContentEncoding)]
    [InlineData("e", SipHeader.ContentEncoding)]
    [InlineData("Content-Length", SipHeader.ContentLength)]
    [InlineData("l", SipHeader.ContentLength)]
    [InlineData("Supported", SipHeader.Supported)]
    [InlineData("k", SipHeader.Supported)]
    [InlineData("CSEQ", SipHeader.CSeq)]
    [InlineData("Path", SipHeader.Path)]
    [InlineData("Date", SipHeader.Date)]
    [InlineData("Allow", SipHeader.Allow)]
    [InlineData("Route", SipHeader.Route)]
    [InlineData("Accept", SipHeader.Accept)]
    [InlineData("Expires", SipHeader.Expires)]
    [InlineData("Require", SipHeader.Require)]
    [InlineData("User-Agent", SipHeader.UserAgent)]
    [InlineData("Retry-After", SipHeader.RetryAfter)]
    [InlineData("Max-Forwards", SipHeader.MaxForwards)]
    [InlineData("Record-Route", SipHeader.RecordRoute)]
    [InlineData("Authorization", SipHeader.Authorization)]
    [InlineData("Proxy-Require", SipHeader.ProxyRequire)]
    [InlineData("Proxy-Authorization", SipHeader.ProxyAuthorization)]
    [InlineData("C%6Fntact", SipHeader.Other)]
    [InlineData("s", SipHeader.Other)]
    [InlineData("To2", SipHeader.Other)]
    [InlineData("", SipHeader.Other)]
    public void Match_NameInAnyCaseOrCompact_Known(string name, object header) =>
        Assert.Equal((SipHeader)header, SipHeaderNames.Match(Sample.Bytes(name)));

    [Fact]
    public void Header_Kinds_FitOneBitEach() => Assert.True(Enum.GetValues<SipHeader>().Length <= 64);

    [Fact]
    public void Parse_BlanksAndFolds_TrimmedOutsideKeptInside()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[4];
        byte[] head = Sample.Bytes("To \t:\t \r\n <sip:a@b>\r\n\t;tag=1 \t\r\nX:\r\nY: \r\n \r\n\r\n");
        Assert.Equal(SipFault.None, SipHeaders.Parse(head, 0, table, out SipHeaders headers));
        Assert.Equal(3, headers.Count);
        Assert.Equal("To", Encoding.Latin1.GetString(headers.Name(0)));
        Assert.Equal("<sip:a@b>\r\n\t;tag=1", Encoding.Latin1.GetString(headers.First(SipHeader.To)));
        Assert.True(headers.Value(1).IsEmpty);
        Assert.True(headers.Value(2).IsEmpty);
    }

    [Theory]
    [InlineData("no colon\r\n", SipFault.BadHeader)]
    [InlineData(": no name\r\n", SipFault.BadHeader)]
    [InlineData("a b: c\r\n", SipFault.BadHeader)]
    [InlineData("a\0: c\r\n", SipFault.BadHeader)]
    [InlineData("\u00e9: c\r\n", SipFault.BadHeader)]
    [InlineData(" folded: first\r\n", SipFault.BadHeader)]
    [InlineData("a: b\nVia: injected\r\n", SipFault.BadLineEnd)]
    [InlineData("a: b\rVia: injected\r\n", SipFault.BadLineEnd)]
    [InlineData("a: b", SipFault.BadLineEnd)]
    public void Parse_MalformedLine_FaultAndTheOthersKept(string line, object fault)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        byte[] head = Sample.Bytes(line.EndsWith('\n') ? line + "To: <sip:a@b>\r\n\r\n" : "To: <sip:a@b>\r\n" + line);
        Assert.Equal((SipFault)fault, SipHeaders.Parse(head, 0, table, out SipHeaders headers));
        Assert.Equal(1, headers.Count);
        Assert.True(headers.Has(SipHeader.To));
    }

    [Fact]
    public void Parse_MoreThanTheTableHolds_Fault()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[2];
        Assert.Equal(SipFault.TooManyHeaders, SipHeaders.Parse(Sample.Bytes("a: 1\r\nb: 2\r\nc: 3\r\n\r\n"), 0, table, out SipHeaders headers));
        Assert.Equal(2, headers.Count);
    }

    [Fact]
    public void IsRepeated_CompactAndLongForm_SameHeader()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        SipHeaders.Parse(Sample.Bytes("t: <sip:a@b>\r\nTo: <sip:c@d>\r\nFrom: x\r\n\r\n"), 0, table, out SipHeaders headers);
        Assert.True(headers.IsRepeated(SipHeader.To));
        Assert.False(headers.IsRepeated(SipHeader.From));
        Assert.Equal("<sip:a@b>", Encoding.Latin1.GetString(headers.First(SipHeader.To)));
    }

    [Theory]
    [InlineData("m: a,b\r\nContact: c\r\n", "a|b|c")]
    [InlineData("m: \"x, y\" <sip:a@b>, <sip:c,d@e>;p=\",\" ,\r\n f\r\n", "\"x, y\" <sip:a@b>|<sip:c,d@e>;p=\",\"|f")]
    [InlineData("m: \"esc \\\" , still\" <sip:a@b>, z\r\n", "\"esc \\\" , still\" <sip:a@b>|z")]
    [InlineData("m: a,,b,\r\n", "a||b|")]
    [InlineData("X: a,b\r\n", "")]
    public void Values_ListsOverHeaders_SplitAtTopLevelCommas(string text, string expected)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        Assert.Equal(SipFault.None, SipHeaders.Parse(Sample.Bytes(text + "\r\n"), 0, table, out SipHeaders headers));
        List<string> values = [];
        foreach (ReadOnlySpan<byte> value in headers.Values(SipHeader.Contact)) values.Add(Encoding.Latin1.GetString(value));
        Assert.Equal(expected, string.Join('|', values));
    }

    [Theory]
    [InlineData("m: \"open, <sip:a@b>\r\n")]
    [InlineData("m: <sip:a@b\r\n")]
    [InlineData("m: sip:a@b>, x\r\n")]
    public void Values_NeverClosed_Faulty(string text)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        SipHeaders.Parse(Sample.Bytes(text + "\r\n"), 0, table, out SipHeaders headers);
        SipValues values = headers.Values(SipHeader.Contact);
        while (values.MoveNext())
        {
        }

        Assert.True(values.Faulty);
    }

    [Fact]
    public void Lists_TokenInAnyCaseAndHeader_Found()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        SipHeaders.Parse(Sample.Bytes("Supported: gruu\r\nk: path , OUTBOUND\r\n\r\n"), 0, table, out SipHeaders headers);
        Assert.True(headers.Lists(SipHeader.Supported, "outbound"u8));
        Assert.False(headers.Lists(SipHeader.Supported, "out"u8));
        Assert.False(headers.Lists(SipHeader.Require, "outbound"u8));
    }

    [Theory]
    [InlineData("Path: <sip:p1;lr>\r\nPath: <sip:p2;lr>,\r\n <sip:p3;lr>;x=y\r\n", "<sip:p1;lr>, <sip:p2;lr>, <sip:p3;lr>;x=y")]
    [InlineData("X: y\r\n", "")]
    [InlineData("Path: <sip:p1;lr>\r\nPath: junk\r\n", "")]
    [InlineData("Path: sip:p1\r\n", "")]
    [InlineData("Path: <sip:p1;lr>,\r\n", "")]
    [InlineData("Path: <sip:01234567890123456789012345678901234567890123456789012345678901234567890123456789>\r\n", "")]
    public void JoinAddresses_PathHeaders_OneListOrNothing(string text, string expected)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        SipHeaders.Parse(Sample.Bytes(text + "\r\n"), 0, table, out SipHeaders headers);
        byte[] list = new byte[80];
        Assert.Equal(expected, Encoding.Latin1.GetString(list, 0, headers.JoinAddresses(SipHeader.Path, list)));
    }
}
