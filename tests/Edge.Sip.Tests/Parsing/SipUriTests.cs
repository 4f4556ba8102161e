using System.Text;
using Edge.Sip.Parsing;
using Testing.Shared;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipUriTests
{
    [Theory]
    [InlineData("sip:example.test", "", "example.test", 0)]
    [InlineData("SIP:bob@Example.TEST:5061;transport=tls", "bob", "Example.TEST", 5061)]
    [InlineData("sips:bob:secret@h", "bob", "h", 0)]
    [InlineData("sip:bob@[2001:db8::1]:5061;ob", "bob", "[2001:db8::1]", 5061)]
    [InlineData("sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com", 0)]
    [InlineData("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com", "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", "example.com", 0)]
    [InlineData("sip:a@b?Route=%3Csip:x%3E", "a", "b", 0)]
    [Spec("R.uri")]
    public void Parse_WellFormed_Parts(string text, string user, string host, int port)
    {
        Assert.Equal(SipFault.None, SipUri.Parse(Sample.Bytes(text), out SipUri uri));
        Assert.Equal(user, Encoding.Latin1.GetString(uri.User));
        Assert.Equal(host, Encoding.Latin1.GetString(uri.Host));
        Assert.Equal(port, uri.Port);
        Assert.Equal(text.StartsWith("sips", StringComparison.OrdinalIgnoreCase), uri.IsSecure);
        Assert.Equal(text.EndsWith("%3E", StringComparison.Ordinal), uri.HasHeaders);
        Assert.Equal(text.Split("?Route")[0], Encoding.Latin1.GetString(uri.WithoutHeaders));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bob")]
    [InlineData(":bob")]
    [InlineData("sip:")]
    [InlineData("sip:@h")]
    [InlineData("sip:bob@")]
    [InlineData("sip:bob@h:")]
    [InlineData("sip:bob@h:0")]
    [InlineData("sip:bob@h:65536")]
    [InlineData("sip:bob@h:99999999999999999999")]
    [InlineData("sip:bob@h:5x")]
    [InlineData("sip:a@b@c")]
    [InlineData("sip:a b@c")]
    [InlineData("sip:a%@c")]
    [InlineData("sip:a%4@c")]
    [InlineData("sip:a%4g@c")]
    [InlineData("sip:a<b@c")]
    [InlineData("sip:a\"b@c")]
    [InlineData("sip:a@[::1")]
    [InlineData("sip:a@[::g]")]
    [InlineData("sip:a@b/c")]
    [InlineData("sip:a@b\r\n")]
    [InlineData("sip:a@b;x=<y>")]
    [InlineData("s(p:a@b")]
    [InlineData("<sip:a@b>")]
    public void Parse_Malformed_Fault(string text) => Assert.Equal(SipFault.BadUri, SipUri.Parse(Sample.Bytes(text), out _));

    [Theory]
    [InlineData("tel:+39123")]
    [InlineData("http://example.com")]
    [InlineData("soap.beep://192.0.2.103:3002")]
    public void Parse_OtherScheme_Unsupported(string text) => Assert.Equal(SipFault.UnsupportedUriScheme, SipUri.Parse(Sample.Bytes(text), out _));

    /// <summary>RFC 4475 §3.1.1.3 and §3.1.1.4: escapes are undone once, and an escaped NUL cuts nothing.</summary>
    [Theory]
    [InlineData("sip:bob@h", "bob")]
    [InlineData("sip:b%6Fb@h", "bob")]
    [InlineData("sip:%25%34%31@h", "%41")]
    [InlineData("sip:null-%00-null@h", "null-\0-null")]
    [InlineData("sip:%c3%A9@h", "\u00c3\u00a9")]
    [InlineData("sip:h", "")]
    [Spec("D.accounts")]
    public void TryGetUser_Escapes_UndoneOnce(string text, string user)
    {
        SipUri.Parse(Sample.Bytes(text), out SipUri uri);
        Span<byte> plain = stackalloc byte[64];
        Assert.True(uri.TryGetUser(plain, out int length));
        Assert.Equal(user, Encoding.Latin1.GetString(plain[..length]));
    }

    [Fact]
    public void TryGetUser_TooLittleRoom_False()
    {
        SipUri.Parse("sip:abcd@h"u8, out SipUri uri);
        Assert.False(uri.TryGetUser(new byte[3], out int length));
        Assert.Equal(0, length);
        Assert.True(uri.TryGetUser(new byte[4], out _));
    }

    [Fact]
    [Spec("D.accounts")]
    public void HostIs_OtherCase_True()
    {
        SipUri.Parse("sip:a@EXAMPLE.test"u8, out SipUri uri);
        Assert.True(uri.HostIs("example.test"u8));
        Assert.False(uri.HostIs("example.tes"u8));
    }

    [Fact]
    public void TryGetParameter_Several_EachFound()
    {
        SipUri.Parse("sip:a@h;Transport=TLS;ob;x=1;xx=2"u8, out SipUri uri);
        Assert.True(uri.TryGetParameter("transport"u8, out ReadOnlySpan<byte> value));
        Assert.Equal("TLS", Encoding.Latin1.GetString(value));
        Assert.True(uri.TryGetParameter("ob"u8, out value));
        Assert.True(value.IsEmpty);
        Assert.True(uri.TryGetParameter("xx"u8, out value));
        Assert.Equal("2", Encoding.Latin1.GetString(value));
        Assert.False(uri.TryGetParameter("o"u8, out _));
    }

    [Fact]
    public void ToString_Address_Hidden()
    {
        SipUri.Parse("sip:secret@h"u8, out SipUri uri);
        Assert.DoesNotContain("secret", uri.ToString(), StringComparison.Ordinal);
    }
}
