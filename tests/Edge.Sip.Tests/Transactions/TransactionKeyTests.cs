using Edge.Sip.Parsing;
using Edge.Sip.Tests.Parsing;
using Edge.Sip.Transactions;

namespace Edge.Sip.Tests.Transactions;

public sealed class TransactionKeyTests
{
    private const string Base = "OPTIONS sip:a@e SIP/2.0\r\nVia: SIP/2.0/TLS h:5061;branch=z9hG4bK1\r\nFrom: <sip:b@e>;tag=1\r\nTo: <sip:a@e>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n";

    [Theory]
    [InlineData("OPTIONS", "OPTIONS", true)]
    [InlineData("Call-ID: c", "Call-ID: d", true)]   // the branch alone names it
    [InlineData("branch=z9hG4bK1", "branch=z9hG4bK1;rport", true)]
    [InlineData("z9hG4bK1", "z9hG4bK2", false)]
    [InlineData("TLS h:", "TLS i:", false)]
    [InlineData(":5061", ":5062", false)]
    [InlineData("OPTIONS", "MESSAGE", false)]
    public void OfRequest_MagicBranch_BranchSentByAndMethod(string from, string to, bool same) => AssertSame(Base, from, to, same);

    /// <summary>RFC 4475 §3.2.1: a branch that is the cookie alone must not throw two clients into one transaction.</summary>
    [Theory]
    [InlineData("x", "x", true)]
    [InlineData("Call-ID: c", "Call-ID: d", false)]
    [InlineData("tag=1", "tag=2", false)]
    [InlineData("CSeq: 1", "CSeq: 2", false)]
    [InlineData("OPTIONS sip:a@e", "OPTIONS sip:z@e", false)]
    [InlineData("TLS h:5061", "TLS i:5061", false)]
    public void OfRequest_CookieAlone_Rfc2543Fields(string from, string to, bool same) =>
        AssertSame(Base.Replace("z9hG4bK1", "z9hG4bK", StringComparison.Ordinal), from, to, same);

    [Fact]
    public void OfClient_AnyFieldOther_OtherKey()
    {
        TransactionKey key = TransactionKey.OfClient("b"u8, "c"u8, 1, "MESSAGE"u8);
        Assert.Equal(key, TransactionKey.OfClient("b"u8, "c"u8, 1, "MESSAGE"u8));
        Assert.NotEqual(key, TransactionKey.OfClient("bc"u8, ""u8, 1, "MESSAGE"u8));
        Assert.NotEqual(key, TransactionKey.OfClient("b"u8, "C"u8, 1, "MESSAGE"u8));
        Assert.NotEqual(key, TransactionKey.OfClient("b"u8, "c"u8, 2, "MESSAGE"u8));
        Assert.NotEqual(key, TransactionKey.OfClient("b"u8, "c"u8, 1, "OPTIONS"u8));
    }

    [Fact]
    public void OfClient_LongFields_Hashed()
    {
        byte[] longId = new byte[8_000];
        Assert.NotEqual(TransactionKey.OfClient("b"u8, longId, 1, "M"u8), TransactionKey.OfClient("b"u8, longId.AsSpan(1), 1, "M"u8));
    }

    private static void AssertSame(string text, string from, string to, bool same) =>
        Assert.Equal(same, KeyOf(text) == KeyOf(text.Replace(from, to, StringComparison.Ordinal)));

    private static TransactionKey KeyOf(string text)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[20];
        Assert.Equal(SipFault.None, SipRequest.Parse(Sample.Bytes(text), default, table, out SipRequest request));
        Assert.Equal(SipFault.None, SipRequestChecks.Check(request, out SipRequestFields fields));
        return TransactionKey.OfRequest(request, fields);
    }
}
