using System.Text;
using Edge.Sip.Parsing;
using Testing.Shared;

namespace Edge.Sip.Tests.Parsing;

public sealed class DigestHeaderTests
{
    private const string Least = "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:e\", response=\"00\"";

    [Fact]
    public void TryParse_EveryParameter_Read()
    {
        byte[] value = Sample.Bytes("digest  username = \"b\\\"o, \\\\b\" ,realm=\"r\",\r\n nonce=\"n=\", uri=\"sip:e;x=y\",response=\"0a\",algorithm=SHA-256, cnonce=\"c\", opaque=\"o\", qop=\"auth\", nc=00000001, userhash=false");
        Assert.True(DigestHeader.TryParse(value, out DigestHeader digest));
        Assert.Equal("b\"o, \\b", SipGrammar.UnquoteText(digest.Username));
        Assert.Equal("r", Text(digest.Realm));
        Assert.Equal("n=", Text(digest.Nonce));
        Assert.Equal("sip:e;x=y", Text(digest.Uri));
        Assert.Equal("0a", Text(digest.Response));
        Assert.Equal("c", Text(digest.Cnonce));
        Assert.Equal("00000001", Text(digest.NonceCount));
        Assert.Equal("o", Text(digest.Opaque));
        Assert.True(digest.IsQopAuth);
        Assert.True(digest.IsSha256);
        Assert.False(digest.IsMd5);
    }

    [Fact]
    public void TryParse_WithoutAlgorithm_Md5()
    {
        Assert.True(DigestHeader.TryParse(Sample.Bytes(Least), out DigestHeader digest));
        Assert.True(digest.IsMd5);
        Assert.False(digest.IsQopAuth);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Digest")]
    [InlineData("Digest ")]
    [InlineData("Basic dTpw")]
    [InlineData("NoOneKnowsThisScheme opaque-data=here")]
    [InlineData("Digest username=\"u\"")]
    [InlineData(Least + ",")]
    [InlineData(Least + ", ,nc=1")]
    [InlineData(Least + " nc=1")]
    [InlineData(Least + "; nc=1")]
    [InlineData(Least + ", cnonce=\"open")]
    [InlineData(Least + ", cnonce=")]
    [InlineData(Least + ", username=\"v\"")]
    [InlineData(Least + ", Response=\"11\"")]
    [InlineData("DigestX username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:e\", response=\"00\"")]
    [InlineData("Digest,username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:e\", response=\"00\"")]
    public void TryParse_MalformedOrOtherScheme_False(string value) => Assert.False(DigestHeader.TryParse(Sample.Bytes(value), out _));

    /// <summary>Spec, "What real clients need": a request may carry several Authorization headers; each stays one, commas and all.</summary>
    [Fact]
    [Spec("R.digest")]
    public void TryParse_SeveralHeaders_EachOnItsOwn()
    {
        SipHeaderSlot[] table = new SipHeaderSlot[10];
        byte[] head = Sample.Bytes($"Authorization: {Least}, algorithm=SHA-256\r\nAuthorization: Other x=y\r\nauthorization: {Least}, algorithm=MD5\r\n\r\n");
        Assert.Equal(SipFault.None, SipHeaders.Parse(head, 0, table, out SipHeaders headers));
        List<string> seen = [];
        for (int i = 0; i < headers.Count; i++)
        {
            if (headers.Id(i) != SipHeader.Authorization || !DigestHeader.IsDigest(headers.Value(i))) continue;
            Assert.True(DigestHeader.TryParse(headers.Value(i), out DigestHeader digest));
            seen.Add(Text(digest.Algorithm));
        }

        Assert.Equal(["SHA-256", "MD5"], seen);
    }

    [Fact]
    public void ToString_Credentials_Hidden()
    {
        Assert.True(DigestHeader.TryParse(Sample.Bytes(Least), out DigestHeader digest));
        Assert.Equal("digest credentials", digest.ToString());
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
