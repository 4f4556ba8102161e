using System.Text;
using Edge.Sip.Parsing;
using Edge.Sip.Tests.Parsing;
using Edge.Sip.Transactions;
using Testing.Shared;

namespace Edge.Sip.Tests.Transactions;

public sealed class MessageRequestWriterTests
{
    private const string Branch = "0123456789abcdef0123456789abcdef";
    private const string Id = "7b6c0d3e-0000-4000-8000-000000000001";

    /// <summary>Spec S3, S28, "Delivered by SIP" and "What real clients need".</summary>
    [Fact]
    [Spec("S3", "S28", "D.sip-delivery", "R.body", "R.from-to")]
    public void Write_Delivery_EveryHeaderAndTheBodyByteForByte()
    {
        string body = "ciao 👩‍👩‍👧";
        OutboundMessage message = Message("sip:alice@10.0.0.2:5062;transport=tls;ob", Encoding.UTF8.GetBytes(body));
        byte[] buffer = new byte[MessageRequestWriter.MostBytes(message)];
        int length = MessageRequestWriter.Write(message, buffer);
        Assert.Equal(
            $"""
            MESSAGE sip:alice@10.0.0.2:5062;transport=tls;ob SIP/2.0
            Via: SIP/2.0/TLS edge.example.test:5061;branch=z9hG4bK{Branch}
            Max-Forwards: 70
            From: <sip:bob@example.test>;tag=0011223344556677
            To: <sip:alice@example.test>
            Call-ID: {Id}.0011223344556677@example.test
            CSeq: 1 MESSAGE
            Date: Wed, 02 Jan 2030 03:04:05 GMT
            Expires: 259200
            X-Edge-Message-Id: {Id}
            Content-Type: text/plain; charset=utf-8
            Content-Length: {Encoding.UTF8.GetByteCount(body)}

            {body}
            """.ReplaceLineEndings("\r\n"),
            Encoding.UTF8.GetString(buffer, 0, length));
    }

    [Fact]
    [Spec("R.attempt")]
    public void Write_Delivery_OurOwnParserTakesItAndItsAnswerMatches()
    {
        OutboundMessage message = Message("sip:alice@h", "hi"u8);
        byte[] buffer = new byte[MessageRequestWriter.MostBytes(message)];
        int length = MessageRequestWriter.Write(message, buffer);
        SipFrame frame = new SipFramer(new SipLimits()).Next(buffer.AsSpan(0, length));
        Assert.Equal(SipFrameKind.Message, frame.Kind);
        Assert.Equal(length, frame.Consumed);
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        Assert.Equal(SipFault.None, SipRequest.Parse(frame.Head(buffer), frame.Body(buffer), table, out SipRequest request));
        Assert.Equal(SipFault.None, SipRequestChecks.Check(request, out SipRequestFields fields));
        Assert.True(fields.To.Tag.IsEmpty);

        byte[] answer = new byte[2_048];
        int answered = new SipResponseWriter(answer, 200, request, new ResponseOrigin { Address = "::1"u8, Port = 1, ToTag = "x"u8 }).Finish();
        Assert.Equal(SipFault.None, SipResponse.Parse(answer.AsSpan(0, answered), default, new SipHeaderSlot[20], out SipResponse response));
        Assert.Equal(SipFault.None, response.Check(out SipResponseFields responseFields));
        Assert.Equal(MessageRequestWriter.Key(message), TransactionKey.OfResponse(responseFields));
    }

    [Fact]
    public void Write_WithPath_Routed()
    {
        OutboundMessage message = Message("sip:alice@h", "hi"u8, route: "<sip:p1;lr>, <sip:p2;lr>"u8);
        byte[] buffer = new byte[MessageRequestWriter.MostBytes(message)];
        int length = MessageRequestWriter.Write(message, buffer);
        Assert.Contains("\r\nRoute: <sip:p1;lr>, <sip:p2;lr>\r\n", Encoding.UTF8.GetString(buffer, 0, length), StringComparison.Ordinal);
    }

    /// <summary>RFC 4475 §3.1.2.11 and §3.3.14: headers in a Contact URI never become headers of ours.</summary>
    [Fact]
    public void Write_ContactWithHeaders_LeftOut()
    {
        OutboundMessage message = Message("sip:alice@h;ob?Route=%3Csip:evil%3E&Subject=x", "hi"u8);
        byte[] buffer = new byte[MessageRequestWriter.MostBytes(message)];
        int length = MessageRequestWriter.Write(message, buffer);
        Assert.StartsWith("MESSAGE sip:alice@h;ob SIP/2.0\r\n", Encoding.UTF8.GetString(buffer, 0, length), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sip:alice@h\r\nX: y")]
    [InlineData("sip:alice@h SIP/2.0\r\n")]
    [InlineData("sip:alice@h;x=<y>")]
    [InlineData("tel:+1")]
    [InlineData("")]
    public void Write_ContactThatIsNoUri_Nothing(string uri) => Assert.Equal(0, MessageRequestWriter.Write(Message(uri, "hi"u8), new byte[4_096]));

    [Theory]
    [InlineData("bob\r\nX: y", "example.test", "edge:5061")]
    [InlineData("b@b", "example.test", "edge:5061")]
    [InlineData("", "example.test", "edge:5061")]
    [InlineData("bob", "exam\r\nple", "edge:5061")]
    [InlineData("bob", "", "edge:5061")]
    [InlineData("bob", "example.test", "edge:5061;x\r\n")]
    public void Write_FieldThatBreaksOut_Nothing(string sender, string domain, string sentBy) =>
        Assert.Equal(0, MessageRequestWriter.Write(
            new OutboundMessage
            {
                RequestUri = "sip:alice@h"u8,
                SentBy = Sample.Bytes(sentBy),
                BranchDigits = Sample.Bytes(Branch),
                Domain = Sample.Bytes(domain),
                Sender = Sample.Bytes(sender),
                Recipient = "alice"u8,
                SenderTag = "00"u8,
                MessageId = Sample.Bytes(Id),
                AcceptTime = DateTimeOffset.UnixEpoch,
                ValidSeconds = 259_200,
            },
            new byte[4_096]));

    [Fact]
    public void Write_RouteThatBreaksOut_Nothing() =>
        Assert.Equal(0, MessageRequestWriter.Write(Message("sip:alice@h", "hi"u8, route: "<sip:p>\r\nX: y"u8), new byte[4_096]));

    [Fact]
    public void Write_EveryBufferTooSmall_NothingNotPart()
    {
        OutboundMessage message = Message("sip:alice@h", "hi"u8);
        int whole = MessageRequestWriter.Write(message, new byte[4_096]);
        Assert.True(whole <= MessageRequestWriter.MostBytes(message));
        for (int room = 0; room < whole; room++) Assert.Equal(0, MessageRequestWriter.Write(message, new byte[room]));
        Assert.Equal(whole, MessageRequestWriter.Write(message, new byte[whole]));
    }

    [Fact]
    public void Write_Delivery_NothingAllocated()
    {
        byte[] buffer = new byte[4_096];
        int sum = 0;
        for (int i = 0; i < 100; i++) sum += MessageRequestWriter.Write(Message("sip:alice@h", "hi"u8), buffer);
        byte[] uri = Sample.Bytes("sip:alice@h"), branch = Sample.Bytes(Branch), id = Sample.Bytes(Id);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            OutboundMessage message = new()
            {
                RequestUri = uri,
                SentBy = "edge:5061"u8,
                BranchDigits = branch,
                Domain = "example.test"u8,
                Sender = "bob"u8,
                Recipient = "alice"u8,
                SenderTag = "00"u8,
                MessageId = id,
                AcceptTime = DateTimeOffset.UnixEpoch,
                ValidSeconds = 259_200,
                Body = "hi"u8,
            };
            sum += MessageRequestWriter.Write(message, buffer) + (int)MessageRequestWriter.Key(message).Value;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(0, sum);
    }

    [Fact]
    public void RandomHex_Twice_OtherDigits()
    {
        byte[] one = new byte[32], other = new byte[32];
        RandomHex.Fill(one);
        RandomHex.Fill(other);
        Assert.All(one, digit => Assert.True(char.IsAsciiHexDigitLower((char)digit)));
        Assert.NotEqual(one, other);
    }

    private static OutboundMessage Message(string uri, ReadOnlySpan<byte> body, ReadOnlySpan<byte> route = default) => new()
    {
        RequestUri = Sample.Bytes(uri),
        Route = route,
        SentBy = "edge.example.test:5061"u8,
        BranchDigits = Sample.Bytes(Branch),
        Domain = "example.test"u8,
        Sender = "bob"u8,
        Recipient = "alice"u8,
        SenderTag = "0011223344556677"u8,
        MessageId = Sample.Bytes(Id),
        AcceptTime = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero),
        ValidSeconds = 259_200,
        Body = body,
    };
}
