using System.Text;
using Edge.Sip.Parsing;
using Edge.Sip.Tests.Parsing;
using Edge.Sip.Transactions;

namespace Edge.Sip.Tests.Transactions;

public sealed class SipResponseWriterTests
{
    private const string Tail = "From: <sip:b@e>;tag=1\r\nTo: <sip:a@e>;tag=me\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";

    [Fact]
    public void Finish_PlainOk_RepeatsTheRequest() =>
        Assert.Equal("SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1;received=192.0.2.9\r\n" + Tail, Answer(Sample.With("l: 0\r\n"), 200));

    /// <summary>RFC 3261 §18.2.1 and RFC 3581 §4; a client cannot say itself where it came from.</summary>
    [Theory]
    [InlineData("SIP/2.0/TLS h:5;branch=z9hG4bK1;rport;alias", "SIP/2.0/TLS h:5;branch=z9hG4bK1;alias;received=192.0.2.9;rport=4711")]
    [InlineData("SIP/2.0/TLS 192.0.2.9;branch=x", "SIP/2.0/TLS 192.0.2.9;branch=x")]
    [InlineData("SIP/2.0/TLS 192.0.2.9;branch=x;rport", "SIP/2.0/TLS 192.0.2.9;branch=x;received=192.0.2.9;rport=4711")]
    [InlineData("SIP/2.0/TLS h;received=6.6.6.6;rport=1;branch=x", "SIP/2.0/TLS h;branch=x;received=192.0.2.9;rport=4711")]
    [InlineData("SIP/2.0/TLS h;branch=x;p=\"a;b\", SIP/2.0/UDP q;rport", "SIP/2.0/TLS h;branch=x;p=\"a;b\";received=192.0.2.9, SIP/2.0/UDP q;rport")]
    [InlineData("SIP/2.0/TLS h\r\n ;branch=x,\r\n SIP/2.0/UDP q", "SIP/2.0/TLS h;branch=x;received=192.0.2.9, SIP/2.0/UDP q")]
    [InlineData("junk", "junk")]
    public void Finish_TopVia_SaysWhereTheRequestCameFrom(string via, string expected)
    {
        string answer = Answer(Sample.With("l: 0\r\n").Replace("SIP/2.0/TLS h;branch=z9hG4bK1", via, StringComparison.Ordinal), 200);
        Assert.Contains($"\r\nVia: {expected}\r\nFrom", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Finish_SeveralViaHeaders_AllInOrder()
    {
        string answer = Answer(Sample.With("v: SIP/2.0/UDP p\r\nVia: SIP/2.0/TCP q;rport\r\nl: 0\r\n"), 200);
        Assert.Contains("received=192.0.2.9\r\nVia: SIP/2.0/UDP p\r\nVia: SIP/2.0/TCP q;rport\r\nFrom", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("To: <sip:a@e>;tag=old", "To: <sip:a@e>;tag=old\r\n")]
    [InlineData("t: sip:a@e", "To: sip:a@e;tag=me\r\n")]
    [InlineData("To: \"x;tag=no\" <sip:a@e>", "To: \"x;tag=no\" <sip:a@e>;tag=me\r\n")]
    [InlineData("To:\r\n <sip:a@e>", "To: <sip:a@e>;tag=me\r\n")]
    [InlineData("To: junk", "To: junk\r\n")]
    public void Finish_To_TagAddedOnce(string to, string expected) =>
        Assert.Contains(expected, Answer(Sample.With("l: 0\r\n").Replace("To: <sip:a@e>", to, StringComparison.Ordinal), 200), StringComparison.Ordinal);

    /// <summary>RFC 4475 §3.3.1: the answer copes with what the request lacks.</summary>
    [Fact]
    public void Finish_RequestLacksHeaders_LeftOut() =>
        Assert.Equal(
            "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/TLS h;received=192.0.2.9\r\nCSeq: 1 X\r\nContent-Length: 0\r\n\r\n",
            Answer("X sip:a SIP/2.0\r\nVia: SIP/2.0/TLS h\r\nCSeq: 1 X\r\n\r\n", 400));

    [Fact]
    public void Finish_FromKeptLines_SameAsFromTheRequest()
    {
        byte[] head = Sample.Bytes(Sample.Register);
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        SipRequest.Parse(head, default, table, out SipRequest request);
        ResponseOrigin origin = new() { Address = "192.0.2.9"u8, Port = 4711, ToTag = "me"u8 };
        byte[] lines = new byte[head.Length + ResponseLines.ExtraBytes];
        int length = ResponseLines.Write(request, origin, lines);
        byte[] kept = new byte[4_096], direct = new byte[4_096];
        int keptBytes = new SipResponseWriter(kept, 202, lines.AsSpan(0, length)).Finish();
        int directBytes = new SipResponseWriter(direct, 202, request, origin).Finish();
        Assert.True(keptBytes > 0);
        Assert.Equal(direct.AsSpan(0, directBytes), kept.AsSpan(0, keptBytes));
    }

    [Fact]
    public void Finish_EveryHeader_AsTheRfcsSay()
    {
        byte[] head = Sample.Bytes(Sample.With("Require: outbound, foo\r\nProxy-Require: bar\r\nRequire: b;d\r\nPath: <sip:p;lr>\r\nl: 0\r\n"));
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        SipRequest.Parse(head, default, table, out SipRequest request);
        byte[] buffer = new byte[4_096];
        SipResponseWriter writer = new(buffer, 401, request, default);
        writer.AddChallenge("example.test"u8, "n1"u8, "SHA-256"u8, stale: true);
        writer.AddChallenge("example.test"u8, "n1"u8, "MD5"u8, stale: false);
        writer.AddContact("sip:b@h;ob"u8, 600, "<urn:uuid:1>"u8, 1);
        writer.AddContact("sip:b@h2"u8, 60, default, 0);
        writer.Add("Path"u8, "<sip:p;lr>"u8);
        writer.AddOutbound(120);
        writer.AddMinExpires(60);
        writer.AddRetryAfter(5);
        writer.AddAllow();
        writer.AddAccept();
        writer.AddSupported();
        writer.AddDate(new DateTimeOffset(2030, 1, 2, 5, 4, 5, TimeSpan.FromHours(2)));
        writer.AddUnsupported(request.Headers);
        writer.AddWarning("example.test"u8, "id used"u8);
        writer.Add("X"u8, "y"u8);
        string answer = Encoding.Latin1.GetString(buffer, 0, writer.Finish());
        Assert.EndsWith(
            """
            CSeq: 1 MESSAGE
            WWW-Authenticate: Digest realm="example.test", nonce="n1", algorithm=SHA-256, qop="auth", stale=true
            WWW-Authenticate: Digest realm="example.test", nonce="n1", algorithm=MD5, qop="auth"
            Contact: <sip:b@h;ob>;expires=600;+sip.instance="<urn:uuid:1>";reg-id=1
            Contact: <sip:b@h2>;expires=60
            Path: <sip:p;lr>
            Require: outbound
            Flow-Timer: 120
            Min-Expires: 60
            Retry-After: 5
            Allow: REGISTER, MESSAGE, OPTIONS
            Accept: text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml
            Supported: outbound, path
            Date: Wed, 02 Jan 2030 03:04:05 GMT
            Unsupported: foo,bar
            Warning: 399 example.test "id used"
            X: y
            Content-Length: 0


            """.ReplaceLineEndings("\r\n"),
            answer,
            StringComparison.Ordinal);
    }

    /// <summary>Found among ten million changed messages: with a blank behind each comma the answer was longer than the room it is promised.</summary>
    [Fact]
    public void AddUnsupported_ThousandsOfShortTags_FitInTheRoomPromised()
    {
        byte[] head = Sample.Bytes(Sample.With($"Require: {string.Join(',', Enumerable.Repeat("a", 4_000))}\r\n"));
        SipRequest.Parse(head, default, new SipHeaderSlot[100], out SipRequest request);
        SipResponseWriter writer = new(new byte[head.Length + SipResponseWriter.ExtraBytes], 420, request, default);
        writer.AddUnsupported(request.Headers);
        Assert.InRange(writer.Finish(), 8_000, head.Length + SipResponseWriter.ExtraBytes);
    }

    [Theory]
    [InlineData("a\r\nX: y")]
    [InlineData("a\n")]
    [InlineData("a\0")]
    [InlineData("a\u007f")]
    public void Add_ValueThatCouldEndItsLine_NoResponseAtAll(string value)
    {
        byte[] buffer = new byte[1_024];
        SipResponseWriter add = new(buffer, 200, default);
        add.Add("X"u8, Sample.Bytes(value));
        Assert.Equal(0, add.Finish());
        SipResponseWriter challenge = new(buffer, 401, default);
        challenge.AddChallenge(Sample.Bytes(value), "n"u8, "MD5"u8, stale: false);
        Assert.Equal(0, challenge.Finish());
        SipResponseWriter contact = new(buffer, 200, default);
        contact.AddContact(Sample.Bytes("sip:" + value), 1, default, 0);
        Assert.Equal(0, contact.Finish());
        SipResponseWriter instance = new(buffer, 200, default);
        instance.AddContact("sip:a@b"u8, 1, Sample.Bytes(value), 0);
        Assert.Equal(0, instance.Finish());
    }

    [Fact]
    public void Add_NameOrQuoteThatBreaksOut_NoResponseAtAll()
    {
        byte[] buffer = new byte[1_024];
        SipResponseWriter name = new(buffer, 200, default);
        name.Add("X: y\r\nZ"u8, "v"u8);
        Assert.Equal(0, name.Finish());
        SipResponseWriter quote = new(buffer, 200, default);
        quote.AddWarning("a"u8, "x\" y"u8);
        Assert.Equal(0, quote.Finish());
        SipResponseWriter uri = new(buffer, 200, default);
        uri.AddContact("sip:a>;x"u8, 1, default, 0);
        Assert.Equal(0, uri.Finish());
    }

    [Fact]
    public void Finish_EveryBufferTooSmall_ZeroNotPart()
    {
        byte[] head = Sample.Bytes(Sample.Register);
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        SipRequest.Parse(head, default, table, out SipRequest request);
        ResponseOrigin origin = new() { Address = "192.0.2.9"u8, Port = 4711, ToTag = "me"u8 };
        int whole = new SipResponseWriter(new byte[4_096], 200, request, origin).Finish();
        for (int room = 0; room < whole; room++) Assert.Equal(0, new SipResponseWriter(new byte[room], 200, request, origin).Finish());
        Assert.Equal(whole, new SipResponseWriter(new byte[whole], 200, request, origin).Finish());
    }

    private static string Answer(string text, int status)
    {
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        SipRequest.Parse(Sample.Bytes(text), default, table, out SipRequest request);
        byte[] buffer = new byte[4_096];
        SipResponseWriter writer = new(buffer, status, request, new ResponseOrigin { Address = "192.0.2.9"u8, Port = 4711, ToTag = "me"u8 });
        return Encoding.Latin1.GetString(buffer, 0, writer.Finish());
    }
}
