using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipRequestChecksTests
{
    private const string Line = "MESSAGE sip:alice@example.test SIP/2.0\r\n";
    private const string Via = "Via: SIP/2.0/TLS h:5061;branch=z9hG4bK1;rport\r\n";
    private const string From = "From: B <sip:b@e>;tag=1\r\n";
    private const string To = "To: <sip:a@e>\r\n";
    private const string CallId = "Call-ID: c@h\r\n";
    private const string CSeq = "CSeq: 1 MESSAGE\r\n";

    [Fact]
    public void Check_Register_FieldsRead()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        Assert.Equal(SipFault.None, SipRequest.Parse(Sample.Bytes(Sample.Register), default, table, out SipRequest request));
        Assert.Equal(SipFault.None, SipRequestChecks.Check(request, out SipRequestFields fields));
        Assert.Equal(SipMethod.Register, request.Method);
        Assert.Equal("example.test", Text(fields.Uri.Host));
        Assert.Equal("TLS", Text(fields.Via.Transport));
        Assert.Equal("192.168.1.7", Text(fields.Via.Host));
        Assert.Equal(49152, fields.Via.Port);
        Assert.Equal("z9hG4bK.a1B2c3~", Text(fields.Via.Branch));
        Assert.True(fields.Via.HasRport);
        Assert.Equal(1, fields.ViaCount);
        Assert.Equal("sip:bob@example.test", Text(fields.From.Uri));
        Assert.Equal("k~39Fz", Text(fields.From.Tag));
        Assert.Equal("sip:bob@example.test", Text(fields.To.Uri));
        Assert.True(fields.To.Tag.IsEmpty);
        Assert.Equal("qY3vT0wDbE", Text(fields.CallId));
        Assert.Equal(21, fields.CSeq.Number);
        Assert.Equal(70, fields.MaxForwards);
        Assert.True(request.Headers.Lists(SipHeader.Supported, "outbound"u8));
        Assert.False(request.Headers.Has(SipHeader.Path));
    }

    [Fact]
    public void Check_SeveralVias_CountedTopFirst()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        string text = Line + "Via: SIP/2.0/TLS p;branch=z9hG4bK2, SIP/2.0/UDP q;branch=z9hG4bK3\r\n" + Via + From + To + CallId + CSeq + "\r\n";
        Assert.Equal(SipFault.None, SipRequest.Parse(Sample.Bytes(text), default, table, out SipRequest request));
        Assert.Equal(SipFault.None, SipRequestChecks.Check(request, out SipRequestFields fields));
        Assert.Equal(3, fields.ViaCount);
        Assert.Equal("p", Text(fields.Via.Host));
        Assert.Equal(70, fields.MaxForwards);   // absent: tolerated
    }

    [Theory]
    [InlineData(From + To + CallId + CSeq, SipFault.MissingHeader)]
    [InlineData(Via + To + CallId + CSeq, SipFault.MissingHeader)]
    [InlineData(Via + From + CallId + CSeq, SipFault.MissingHeader)]
    [InlineData(Via + From + To + CSeq, SipFault.MissingHeader)]
    [InlineData(Via + From + To + CallId, SipFault.MissingHeader)]
    [InlineData(Via + From + From + To + CallId + CSeq, SipFault.RepeatedHeader)]
    [InlineData(Via + From + To + "t: <sip:x@e>\r\n" + CallId + CSeq, SipFault.RepeatedHeader)]
    [InlineData(Via + From + To + CallId + CallId + CSeq, SipFault.RepeatedHeader)]
    [InlineData(Via + From + To + CallId + CSeq + CSeq, SipFault.RepeatedHeader)]
    [InlineData(Via + From + To + CallId + CSeq + "Max-Forwards: 1\r\nMax-Forwards: 2\r\n", SipFault.RepeatedHeader)]
    [InlineData(Via + From + To + CallId + CSeq + "Expires: 1\r\nExpires: 2\r\n", SipFault.RepeatedHeader)]
    [InlineData(Via + From + To + CallId + CSeq + "c: text/plain\r\nContent-Type: a/b\r\n", SipFault.RepeatedHeader)]
    [InlineData("Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" + From + To + CallId + CSeq, SipFault.BadVia)]
    [InlineData(Via + "Via: junk\r\n" + From + To + CallId + CSeq, SipFault.BadVia)]
    [InlineData(Via + "From: \"open <sip:b@e>;tag=1\r\n" + To + CallId + CSeq, SipFault.BadFrom)]
    [InlineData(Via + From + "To: <sip:a @e>\r\n" + CallId + CSeq, SipFault.BadTo)]
    [InlineData(Via + From + To + "Call-ID:\r\n" + CSeq, SipFault.BadCallId)]
    [InlineData(Via + From + To + "Call-ID: a b\r\n" + CSeq, SipFault.BadCallId)]
    [InlineData(Via + From + To + CallId + "CSeq: x MESSAGE\r\n", SipFault.BadCSeq)]
    [InlineData(Via + From + To + CallId + "CSeq: 2147483648 MESSAGE\r\n", SipFault.BadCSeq)]
    [InlineData(Via + From + To + CallId + "CSeq: 36893488147419103232 MESSAGE\r\n", SipFault.BadCSeq)]
    [InlineData(Via + From + To + CallId + "CSeq: 1 REGISTER\r\n", SipFault.CSeqMethodMismatch)]
    [InlineData(Via + From + To + CallId + "CSeq: 1 message\r\n", SipFault.CSeqMethodMismatch)]
    [InlineData(Via + From + To + CallId + CSeq + "Max-Forwards: 256\r\n", SipFault.BadMaxForwards)]
    [InlineData(Via + From + To + CallId + CSeq + "Max-Forwards: -1\r\n", SipFault.BadMaxForwards)]
    public void Check_OneThingWrong_ItsFault(string headers, object fault) => Assert.Equal((SipFault)fault, FaultOf(Line + headers));

    [Theory]
    [InlineData("MESSAGE tel:+123 SIP/2.0\r\n", SipFault.UnsupportedUriScheme)]
    [InlineData("MESSAGE nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n", SipFault.UnsupportedUriScheme)]
    [InlineData("MESSAGE <sip:a@b> SIP/2.0\r\n", SipFault.BadRequestUri)]
    [InlineData("MESSAGE alice SIP/2.0\r\n", SipFault.BadRequestUri)]
    [InlineData("MESSAGE sip:a@b?Route=%3Csip:x%3E SIP/2.0\r\n", SipFault.BadRequestUri)]
    [InlineData("MESSAGE sip:a@b SIP/3.0\r\n", SipFault.UnsupportedVersion)]
    public void Check_RequestUri_ItsFault(string line, object fault) => Assert.Equal((SipFault)fault, FaultOf(line + Via + From + To + CallId + CSeq));

    [Theory]
    [InlineData("Require: outbound\r\nProxy-Require: path\r\n", false)]
    [InlineData("Require: Outbound, PATH\r\n", false)]
    [InlineData("X: y\r\n", false)]
    [InlineData("Require: outbound, nothingSupportsThis\r\n", true)]
    [InlineData("Proxy-Require: noProxiesSupportThis\r\n", true)]
    public void HasUnknownExtension_RequireAndProxyRequire_Looked(string headers, bool unknown)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        SipHeaders.Parse(Sample.Bytes(headers + "\r\n"), 0, table, out SipHeaders parsed);
        Assert.Equal(unknown, SipRequestChecks.HasUnknownExtension(parsed));
    }

    [Fact]
    public void Parse_BadStartLine_HeadersStillThereForTheAnswer()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        Assert.Equal(SipFault.BadMethod, SipRequest.Parse(Sample.Bytes("(\r\n" + Via + From + "\r\n"), default, table, out SipRequest request));
        Assert.Equal(2, request.Headers.Count);
    }

    private static SipFault FaultOf(string text)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        SipFault fault = SipRequest.Parse(Sample.Bytes(text + "\r\n"), default, table, out SipRequest request);
        return fault != SipFault.None ? fault : SipRequestChecks.Check(request, out _);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
