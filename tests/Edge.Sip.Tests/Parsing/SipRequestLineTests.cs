using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipRequestLineTests
{
    [Theory]
    [InlineData("REGISTER sip:example.test SIP/2.0", SipMethod.Register)]
    [InlineData("MESSAGE sips:a@b sip/2.0", SipMethod.Message)]
    [InlineData("message sip:a@b SIP/2.0", SipMethod.Unknown)]
    [InlineData("RE%47IST%45R sip:a@b SIP/2.0", SipMethod.Unknown)]
    [InlineData("!interesting-Method0123456789_*+`.%indeed'~ sip:a@b SIP/2.0", SipMethod.Unknown)]
    public void Parse_WellFormed_MethodAndUri(string line, object method)
    {
        Assert.Equal(SipFault.None, SipRequestLine.Parse(Sample.Bytes(line), out SipRequestLine request));
        Assert.Equal((SipMethod)method, request.Method);
        Assert.Equal(line.Split(' ')[1], Encoding.Latin1.GetString(request.Uri));
    }

    [Theory]
    [InlineData("", SipFault.BadMethod)]
    [InlineData(" sip:a SIP/2.0", SipFault.BadMethod)]
    [InlineData("OPTIONS", SipFault.BadMethod)]
    [InlineData("OPT(IONS sip:a SIP/2.0", SipFault.BadMethod)]
    [InlineData("OPTIONS\tsip:a SIP/2.0", SipFault.BadMethod)]
    [InlineData("OPTIONS sip:a", SipFault.BadRequestUri)]
    [InlineData("OPTIONS  sip:a SIP/2.0", SipFault.BadRequestUri)]
    [InlineData("OPTIONS sip:a  SIP/2.0", SipFault.BadRequestUri)]
    [InlineData("OPTIONS sip:a SIP/2.0 ", SipFault.BadRequestUri)]
    [InlineData("OPTIONS sip:a\0 SIP/2.0", SipFault.BadRequestUri)]
    [InlineData("OPTIONS sip:\u00e9 SIP/2.0", SipFault.BadRequestUri)]
    [InlineData("OPTIONS sip:a;lr b SIP/2.0", SipFault.BadRequestUri)]
    [InlineData("GET / HTTP/1.1", SipFault.BadRequestUri)]
    [InlineData("OPTIONS sip:a SIP/7.0", SipFault.UnsupportedVersion)]
    [InlineData("OPTIONS sip:a SIP/2.00", SipFault.UnsupportedVersion)]
    [InlineData("OPTIONS sip:a SIP/", SipFault.BadRequestUri)]
    public void Parse_Malformed_Fault(string line, object fault) =>
        Assert.Equal((SipFault)fault, SipRequestLine.Parse(Sample.Bytes(line), out _));

    [Fact]
    public void Match_EveryMethod_ByItsOwnNameAlone()
    {
        foreach (SipMethod method in Enum.GetValues<SipMethod>())
        {
            if (method == SipMethod.Unknown) continue;
            string name = method.ToString().ToUpperInvariant();
            Assert.Equal(method, SipMethods.Match(Sample.Bytes(name)));
            Assert.Equal(SipMethod.Unknown, SipMethods.Match(Sample.Bytes(name + "X")));
        }
    }
}
