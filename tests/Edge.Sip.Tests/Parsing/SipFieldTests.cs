using System.Text;
using Edge.Sip.Parsing;
using Testing.Shared;

namespace Edge.Sip.Tests.Parsing;

/// <summary>From, To, Contact, Via, CSeq and Content-Type.</summary>
public sealed class SipFieldTests
{
    [Theory]
    [InlineData("<sip:a@b>", "sip:a@b", "")]
    [InlineData("sip:a@b", "sip:a@b", "")]
    [InlineData("sip:a@b;tag=x", "sip:a@b", "x")]
    [InlineData("sip:a@b ; tag = x", "sip:a@b", "x")]
    [InlineData("sip:a@b;p=\"<y>\";tag=x", "sip:a@b", "x")]
    [InlineData("Bob<sip:a@b;transport=tls?x=y>;tag=x", "sip:a@b;transport=tls?x=y", "x")]
    [InlineData("B o b  <sip:a@b>;tag=x;n=v", "sip:a@b", "x")]
    [InlineData("B\u00c3\u00b6b <sip:a@b>;TAG=x", "sip:a@b", "x")]
    [InlineData("\"<sip:not@me> \\\" ;tag=no\" <sip:a@b>;tag=x", "sip:a@b", "x")]
    [InlineData("\"\" <sip:a@b>;tag=x", "sip:a@b", "x")]
    [InlineData("\"a\\\\\"\r\n\t<sip:a@b>\r\n ;\r\n tag=x", "sip:a@b", "x")]
    [InlineData("<tel:+1>;tag=x", "tel:+1", "x")]
    public void Address_WellFormed_UriAndTag(string value, string uri, string tag)
    {
        Assert.True(SipAddress.TryParse(Sample.Bytes(value), out SipAddress address));
        Assert.Equal(uri, Encoding.Latin1.GetString(address.Uri));
        Assert.Equal(tag, Encoding.Latin1.GetString(address.Tag));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bob")]
    [InlineData("<>")]
    [InlineData("<sip:a@b")]
    [InlineData("sip:a@b>")]
    [InlineData("\"open <sip:a@b>")]
    [InlineData("\"open\\\" <sip:a@b>")]
    [InlineData("\"q\" sip:a@b")]
    [InlineData("\"q\" x <sip:a@b>")]
    [InlineData("Bell, Alexander <sip:a@b>")]
    [InlineData("<sip:a@b>;")]
    [InlineData("<sip:a@b>;;tag=x")]
    [InlineData("<sip:a@b>;tag=")]
    [InlineData("<sip:a@b>;=x")]
    [InlineData("<sip:a@b> tag=x")]
    [InlineData("<sip:a@b>;p=\"open")]
    [InlineData("< sip:a@b>")]
    [InlineData("<sip:a@b >")]
    [InlineData("<sip:a\r\n b@c>")]
    [InlineData("sip:a@b?x=y")]
    [InlineData("sip:a,b@c")]
    [InlineData("<sip:a@b>, <sip:c@d>")]
    public void Address_Malformed_False(string value) => Assert.False(SipAddress.TryParse(Sample.Bytes(value), out _));

    [Fact]
    public void Contact_WithOutboundParameters_Read()
    {
        byte[] value = Sample.Bytes("\"B\" <sip:b@1.2.3.4:5;transport=tls;ob>;q=0.7;expires=600;+sip.instance=\"<urn:uuid:1>\";reg-id=2");
        Assert.True(SipContact.TryParse(value, out SipContact contact));
        Assert.False(contact.IsStar);
        Assert.Equal("sip:b@1.2.3.4:5;transport=tls;ob", Encoding.Latin1.GetString(contact.Uri));
        Assert.Equal(600, contact.ExpiresSeconds);
        Assert.Equal("<urn:uuid:1>", Encoding.Latin1.GetString(contact.Instance));
        Assert.Equal(2, contact.RegId);
        Assert.Equal("0.7", Encoding.Latin1.GetString(contact.Q));
    }

    [Fact]
    public void Contact_Plain_NothingAssumed()
    {
        Assert.True(SipContact.TryParse("sip:b@h"u8, out SipContact contact));
        Assert.Equal(-1, contact.ExpiresSeconds);
        Assert.Equal(0, contact.RegId);
        Assert.True(contact.Instance.IsEmpty);
    }

    [Fact]
    public void Contact_Star_All()
    {
        Assert.True(SipContact.TryParse(" * "u8, out SipContact contact));
        Assert.True(contact.IsStar);
    }

    /// <summary>RFC 3261 §20.10: a malformed expiry counts as 3600; no number overflows.</summary>
    [Theory]
    [InlineData("0", 0)]
    [InlineData("00060", 60)]
    [InlineData("2147483647", 2147483647)]
    [InlineData("2147483648", 3600)]
    [InlineData("10000000000000000000000", 3600)]
    [InlineData("soon", 3600)]
    [InlineData("-1", 3600)]
    public void Contact_Expires_Read(string text, int seconds)
    {
        Assert.True(SipContact.TryParse(Sample.Bytes("<sip:a@b>;expires=" + text), out SipContact contact));
        Assert.Equal(seconds, contact.ExpiresSeconds);
        Assert.Equal(seconds, SipContact.ReadExpires(Sample.Bytes(text)));
    }

    [Theory]
    [InlineData("sip:user@example.com?Route=%3Csip:sip.example.com%3E")]
    [InlineData("<sip:a@b>;reg-id=0")]
    [InlineData("<sip:a@b>;reg-id=x")]
    [InlineData("<sip:a@b>;reg-id=4294967297")]
    [InlineData("*;expires=0")]
    [InlineData("")]
    public void Contact_Malformed_False(string value) => Assert.False(SipContact.TryParse(Sample.Bytes(value), out _));

    [Theory]
    [InlineData("SIP/2.0/TLS h;branch=z9hG4bKx", "TLS", "h", 0, "z9hG4bKx", false)]
    [InlineData("SIP / 2.0\r\n /UDP 192.0.2.2:5060 ;branch=390skdjuw", "UDP", "192.0.2.2", 5060, "390skdjuw", false)]
    [InlineData("sip/2.0/TCP [2001:db8::9:1]:5071 ; rport=99; received=\"x\"", "TCP", "[2001:db8::9:1]", 5071, "", true)]
    [InlineData("SIP/2.0/UNKNOWN h : 5\t;hidden;rport", "UNKNOWN", "h", 5, "", true)]
    public void Via_WellFormed_Parts(string value, string transport, string host, int port, string branch, bool rport)
    {
        Assert.True(SipVia.TryParse(Sample.Bytes(value), out SipVia via));
        Assert.Equal(transport, Encoding.Latin1.GetString(via.Transport));
        Assert.Equal(host, Encoding.Latin1.GetString(via.Host));
        Assert.Equal(port, via.Port);
        Assert.Equal(branch, Encoding.Latin1.GetString(via.Branch));
        Assert.Equal(rport, via.HasRport);
    }

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("SIP/2.0/TLS")]
    [InlineData("SIP/2.0/TLS ")]
    [InlineData("SIP/2.0/TLS;branch=x")]
    [InlineData("SIP/3.0/TLS h")]
    [InlineData("HTTP/2.0/TLS h")]
    [InlineData("SIP/2.0 TLS h")]
    [InlineData("SIP/2.0/TLS h:99999")]
    [InlineData("SIP/2.0/TLS h;;branch=x")]
    [InlineData("SIP/2.0/TLS h;branch=")]
    [InlineData("SIP/2.0/TLS h h2;branch=x")]
    [InlineData("SIP/2.0/TLS h;branch=x y")]
    public void Via_Malformed_False(string value) => Assert.False(SipVia.TryParse(Sample.Bytes(value), out _));

    [Theory]
    [InlineData("z9hG4bKx", true)]
    [InlineData("Z9HG4BKx", true)]
    [InlineData("z9hG4bK", false)]
    [InlineData("x9hG4bKx", false)]
    public void Via_Branch_MagicNeedsMoreThanTheCookie(string branch, bool magic)
    {
        Assert.True(SipVia.TryParse(Sample.Bytes("SIP/2.0/TLS h;branch=" + branch), out SipVia via));
        Assert.Equal(magic, via.HasMagicBranch);
    }

    [Theory]
    [InlineData("1 MESSAGE", 1, "MESSAGE")]
    [InlineData("0009\r\n  INVITE", 9, "INVITE")]
    [InlineData("2147483647\tX", 2147483647, "X")]
    [InlineData("0 X", 0, "X")]
    public void CSeq_WellFormed_Parts(string value, int number, string method)
    {
        Assert.True(SipCSeq.TryParse(Sample.Bytes(value), out SipCSeq cseq));
        Assert.Equal(number, cseq.Number);
        Assert.Equal(method, Encoding.Latin1.GetString(cseq.Method));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("MESSAGE")]
    [InlineData("1MESSAGE")]
    [InlineData("-1 MESSAGE")]
    [InlineData("2147483648 MESSAGE")]
    [InlineData("4294967297 MESSAGE")]
    [InlineData("1 MESSAGE x")]
    [InlineData("1 MES/SAGE")]
    public void CSeq_Malformed_False(string value) => Assert.False(SipCSeq.TryParse(Sample.Bytes(value), out _));

    [Theory]
    [InlineData("text/plain", true)]
    [InlineData("TEXT / Plain ; charset = \"UTF-8\"", true)]
    [InlineData("text/plain;charset=utf-8;format=flowed", true)]
    [InlineData("text/plain;charset=us-ascii", true)]
    [InlineData("text/plain;charset=iso-8859-1", false)]
    [InlineData("text/html", false)]
    [InlineData("message/cpim", false)]
    [Spec("E.content-type")]
    public void MediaType_WellFormed_TextOrNot(string value, bool text)
    {
        Assert.True(SipMediaType.TryParse(Sample.Bytes(value), out SipMediaType media));
        Assert.Equal(text, media.IsUtf8Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("text")]
    [InlineData("text/")]
    [InlineData("/plain")]
    [InlineData("text/plain;")]
    [InlineData("text/plain,text/html")]
    [InlineData("text/plain;charset=utf-8,x")]
    public void MediaType_Malformed_False(string value) =>
        Assert.False(SipMediaType.TryParse(Sample.Bytes(value), out _));
}
