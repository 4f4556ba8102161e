using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Edge.Link.V1;
using Edge.Sip.Parsing;
using Edge.Sip.Tests.Harness;
using Edge.Sip.Transactions;
using Testing.Shared;
using Testing.Shared.Sip;
using SipText = Testing.Shared.Sip.SipText;

namespace Edge.Sip.Tests.Delivery;

/// <summary>Receipts to a sender's device: RFC 5438 §11, bare or in CPIM as they were asked for.</summary>
[Spec("D.told")]
public sealed class ReceiptTests
{
    private const string Id = "7b6c0d3e-0000-4000-8000-000000000001";
    private static readonly DateTimeOffset Accepted = new(2030, 1, 1, 2, 3, 4, 567, TimeSpan.Zero);
    private static readonly DateTimeOffset Ended = new(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Fact]
    public void Write_AskedForWithoutCpim_BareWithOurId() => Assert.Equal(
        $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <imdn xmlns="urn:ietf:params:xml:ns:imdn">
        <message-id>{Id}</message-id>
        <datetime>2030-01-01T02:03:04Z</datetime>
        <recipient-uri>sip:bob@example.test</recipient-uri>
        <delivery-notification><status><delivered/></status></delivery-notification>
        </imdn>

        """.ReplaceLineEndings("\r\n"),
        Write(new Receipt { MessageId = Id, Delivered = true, AcceptTimeMs = Accepted.ToUnixTimeMilliseconds(), EndTimeMs = Ended.ToUnixTimeMilliseconds() }));

    [Fact]
    public void Write_AskedForByCpim_WrappedWithTheClientsId()
    {
        string body = Write(new Receipt { MessageId = Id, ImdnMessageId = "a<&>\"'b", AcceptTimeMs = Accepted.ToUnixTimeMilliseconds(), EndTimeMs = Ended.ToUnixTimeMilliseconds() });
        Assert.StartsWith(
            """
            From: <sip:bob@example.test>
            To: <sip:alice@example.test>
            DateTime: 2030-01-02T03:04:05Z
            NS: imdn <urn:ietf:params:imdn>
            imdn.Message-ID: receipt-1

            Content-Type: message/imdn+xml
            Content-Disposition: notification
            Content-Length: 
            """.ReplaceLineEndings("\r\n"),
            body,
            StringComparison.Ordinal);
        Assert.Equal(SipFault.None, CpimMessage.Parse(Encoding.UTF8.GetBytes(body), out CpimMessage message));   // and its length is right
        Assert.False(message.WantsDelivered || message.WantsFailed);   // never a receipt for a receipt
        XElement imdn = XElement.Parse(Encoding.UTF8.GetString(message.Content));
        Assert.Equal(("a<&>\"'b", "2030-01-01T02:03:04Z", "failed"), (Value(imdn, "message-id"), Value(imdn, "datetime"), Status(imdn)));
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData(null)]
    public void Write_IdThatNoClientCanHave_Nothing(string? id) =>
        Assert.Empty(Write(new Receipt { MessageId = Id, ImdnMessageId = id ?? new string('a', 256) }));

    [Fact]
    public void Write_LongestOfEverything_Fits()
    {
        byte[] user = Encoding.ASCII.GetBytes(new string('u', 64)), domain = Encoding.ASCII.GetBytes(new string('d', 255));
        Receipt receipt = new() { MessageId = Id, ImdnMessageId = new string('"', 255) };
        byte[] buffer = new byte[ReceiptWriter.MostBytes];
        int whole = ReceiptWriter.Write(receipt, user, user, domain, user, buffer);
        Assert.InRange(whole, 2_500, buffer.Length);
        for (int room = 0; room < whole; room++) Assert.Equal(0, ReceiptWriter.Write(receipt, user, user, domain, user, buffer.AsSpan(0, room)));
    }

    [Theory]
    [InlineData("", "message/imdn+xml", true)]
    [InlineData("5GjI8B~cU", "message/cpim", false)]
    [Spec("D.sip-delivery", "R.from-to", "S28")]
    public async Task Push_OfAReceipt_IsTheSameOnEveryAttempt(string imdnId, string type, bool delivered)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient alice = await edge.RegisteredAsync("alice");
        alice.Answer = message => alice.Received.Count == 1 ? 503 : 200;
        long expireTimeMs = edge.Core.NowMs + 3_600_000;   // of the message, whatever the attempt
        for (uint attempt = 1; attempt <= 2; attempt++)
        {
            LinkDelivery delivery = edge.Core.Delivery(edge.FlowOf("alice"), "alice", 1, text: string.Empty, attempt: attempt);
            (delivery.Sender, delivery.AcceptTimeMs, delivery.ExpireTimeMs) = ("bob", Ended.ToUnixTimeMilliseconds(), expireTimeMs);
            delivery.Receipt = new Receipt { MessageId = Id, ImdnMessageId = imdnId, Delivered = delivered, AcceptTimeMs = Accepted.ToUnixTimeMilliseconds(), EndTimeMs = Ended.ToUnixTimeMilliseconds() };
            await edge.Core.SendAsync(new CoreEvent { Delivery = delivery });
            await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Attempt == attempt);
        }

        IReadOnlyList<SipText> tries = await alice.ReceiveAsync(2);
        SipText first = tries[0];
        Assert.Equal(type, first["Content-Type"]);
        Assert.Equal(("<sip:bob@example.test>;tag=0123456789abcdef", "<sip:alice@example.test>"), (first["From"], first["To"]));
        Assert.Equal("00000000-0000-4000-8000-000000000001.0123456789abcdef@example.test", first["Call-ID"]);
        Assert.Equal(Ended.ToString("R", CultureInfo.InvariantCulture), first["Date"]);
        XElement imdn = XElement.Parse(first.Text[first.Text.IndexOf("<?xml", StringComparison.Ordinal)..]);
        Assert.Equal((imdnId.Length > 0 ? imdnId : Id, delivered ? "delivered" : "failed"), (Value(imdn, "message-id"), Status(imdn)));
        Assert.NotEqual(first["Via"], tries[1]["Via"]);
        Assert.Equal(first.ToString().Replace(first["Via"], string.Empty, StringComparison.Ordinal), tries[1].ToString().Replace(tries[1]["Via"], string.Empty, StringComparison.Ordinal));
    }

    private static string Write(Receipt receipt)
    {
        byte[] buffer = new byte[ReceiptWriter.MostBytes];
        return Encoding.UTF8.GetString(buffer, 0, ReceiptWriter.Write(receipt, "bob"u8, "alice"u8, "example.test"u8, "receipt-1"u8, buffer));
    }

    private static XNamespace Imdn => "urn:ietf:params:xml:ns:imdn";

    private static string Value(XElement imdn, string name) => imdn.Element(Imdn + name)!.Value;

    private static string Status(XElement imdn) => imdn.Element(Imdn + "delivery-notification")!.Element(Imdn + "status")!.Elements().Single().Name.LocalName;
}
