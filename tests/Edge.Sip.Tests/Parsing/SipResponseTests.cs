using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipResponseTests
{
    [Fact]
    public void Parse_Ok_StatusAndFields()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[20];
        Assert.True(SipRequest.IsResponse(Sample.Bytes(Sample.Ok)));
        Assert.False(SipRequest.IsResponse(Sample.Bytes(Sample.Options)));
        Assert.Equal(SipFault.None, SipResponse.Parse(Sample.Bytes(Sample.Ok), default, table, out SipResponse response));
        Assert.Equal(200, response.Status);
        Assert.True(response.IsFinal);
        Assert.Equal("OK", Encoding.Latin1.GetString(response.Reason));
        Assert.Equal(SipFault.None, response.Check(out SipResponseFields fields));
        Assert.Equal("z9hG4bK0123456789abcdef0123456789abcdef", Encoding.Latin1.GetString(fields.Branch));
        Assert.Equal(1, fields.CSeq.Number);
    }

    [Theory]
    [InlineData("SIP/2.0 100 ", 100)]
    [InlineData("SIP/2.0 100", 100)]
    [InlineData("sip/2.0 699 \u00d0\u00bf = 2**3", 699)]
    public void Parse_OddReason_Accepted(string line, int status)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[20];
        Assert.Equal(SipFault.None, SipResponse.Parse(Sample.Bytes(line + "\r\n\r\n"), default, table, out SipResponse response));
        Assert.Equal(status, response.Status);
    }

    [Theory]
    [InlineData("SIP/2.0 4294967301 better not break the receiver")]
    [InlineData("SIP/2.0 099 x")]
    [InlineData("SIP/2.0 700 x")]
    [InlineData("SIP/2.0 20 x")]
    [InlineData("SIP/2.0 2000 x")]
    [InlineData("SIP/2.0 -20 x")]
    [InlineData("SIP/2.0  200 x")]
    [InlineData("SIP/3.0 200 OK")]
    [InlineData("SIP/2.0")]
    [InlineData("")]
    public void Parse_BadStatusLine_Fault(string line) =>
        Assert.Equal(SipFault.BadStatusLine, SipResponse.Parse(Sample.Bytes(line + "\r\n\r\n"), default, new SipHeaderSlot[5], out _));

    [Theory]
    [InlineData("Call-ID: c\r\nCSeq: 1 X\r\n", SipFault.MissingHeader)]
    [InlineData("Via: SIP/2.0/TLS h;branch=1\r\nCall-ID: c\r\n", SipFault.MissingHeader)]
    [InlineData("Via: SIP/2.0/TLS h;branch=1\r\nVia: SIP/2.0/TLS h;branch=2\r\nCall-ID: c\r\nCSeq: 1 X\r\n", SipFault.RepeatedHeader)]
    [InlineData("Via: SIP/2.0/TLS h;branch=1, SIP/2.0/UDP i\r\nCall-ID: c\r\nCSeq: 1 X\r\n", SipFault.BadVia)]
    [InlineData("Via: SIP/2.0/TLS h;branch=1\r\nCall-ID: c d\r\nCSeq: 1 X\r\n", SipFault.BadCallId)]
    [InlineData("Via: SIP/2.0/TLS h;branch=1\r\nCall-ID: c\r\nCSeq: 9292394834772304023312 X\r\n", SipFault.BadCSeq)]
    public void Check_ForeignOrMalformed_Fault(string headers, object fault)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[20];
        Assert.Equal(SipFault.None, SipResponse.Parse(Sample.Bytes("SIP/2.0 200 OK\r\n" + headers + "\r\n"), default, table, out SipResponse response));
        Assert.Equal((SipFault)fault, response.Check(out _));
    }
}
