using System.Text;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Requests;

/// <summary>Everything that is not REGISTER or MESSAGE: RFC 3261 §8.2, §9.2, §12.2.2, §21.</summary>
public class MethodTests
{
    [Fact]
    public async Task Options_Anywhere_SaysWhatIsServed()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.PlainText("OPTIONS"));
        Assert.Equal((200, "REGISTER, MESSAGE, OPTIONS", "text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml", "outbound, path"), (answer.Status, answer["Allow"], answer["Accept"], answer["Supported"]));
        Assert.Contains("received=127.0.0.1", answer["Via"], StringComparison.Ordinal);
        Assert.Matches("rport=[0-9]+", answer["Via"]);
    }

    [Theory]
    [InlineData("INVITE", 405)]
    [InlineData("SUBSCRIBE", 405)]
    [InlineData("NOTIFY", 405)]
    [InlineData("PUBLISH", 405)]
    [InlineData("REFER", 405)]
    [InlineData("INFO", 405)]
    [InlineData("UPDATE", 405)]
    [InlineData("PRACK", 405)]
    [InlineData("BYE", 481)]
    [InlineData("CANCEL", 481)]
    [InlineData("TELEPORT", 501)]
    [InlineData("register", 501)]
    public async Task Request_OfAMethodNotServed_IsRefused(string method, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.PlainText(method));
        Assert.Equal((status, status == 405 ? "REGISTER, MESSAGE, OPTIONS" : string.Empty), (answer.Status, answer["Allow"]));
    }

    [Theory]
    [InlineData("INVITE")]
    [InlineData("INFO")]
    [InlineData("OPTIONS")]
    [InlineData("MESSAGE")]
    public async Task Request_InADialogThatIsNot_Is481(string method)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        string request = bob.PlainText(method).Replace("To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=old", StringComparison.Ordinal);
        Assert.Equal(481, (await bob.RequestAsync(request)).Status);
    }

    [Fact]
    public async Task Ack_IsNeverAnswered()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.PlainText("ACK") + bob.PlainText("OPTIONS"));
        Assert.EndsWith("OPTIONS", answer["CSeq"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CSeq: 1 OPTIONS", "CSeq: 1 INVITE", 400)]
    [InlineData("OPTIONS sip:example.test", "OPTIONS tel:123", 416)]
    [InlineData("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", 505)]
    [InlineData("Max-Forwards: 70", "Max-Forwards: many", 400)]
    [Spec("E.malformed")]
    public async Task Request_Malformed_IsAnsweredAndTheConnectionLives(string good, string bad, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(status, (await bob.RequestAsync(bob.PlainText("OPTIONS").Replace(good, bad, StringComparison.Ordinal))).Status);
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
        Assert.True(edge.Sum("edge.requests.refused") >= 1);
    }

    [Theory]
    [InlineData("Content-Length: 0", "Content-Length: 9000", 413)]
    [InlineData("Content-Length: 0", "Content-Length: ten", 400)]
    [InlineData("Content-Length: 0", "Content-Length: 0\r\nContent-Length: 0", 400)]
    [InlineData("Content-Length: 0\r\n", "", 400)]
    [Spec("E.body-size", "E.malformed")]
    public async Task Request_UnknownEnd_IsAnsweredThenClosed(string good, string bad, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.PlainText("OPTIONS").Replace(good, bad, StringComparison.Ordinal) + bob.PlainText("OPTIONS"));
        Assert.Equal(status, answer.Status);
        await bob.Closed.WaitAsync(Until.Patience);
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/framing_fault") == 1, "ended by its reason");
    }

    [Fact]
    [Spec("N.sip")]
    public async Task Request_HeaderTooLong_Is513ThenClosed()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.PlainText("OPTIONS", extra: $"Subject: {new string('x', 8_300)}\r\n"));
        Assert.Equal(513, answer.Status);
        await bob.Closed.WaitAsync(Until.Patience);
    }

    [Fact]
    public async Task Request_ByteByByte_IsAnswered()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        foreach (byte one in Encoding.UTF8.GetBytes(bob.PlainText("OPTIONS"))) await bob.WriteAsync(new[] { one });
        Assert.Equal(200, (await bob.ResponseAsync()).Status);
    }

    /// <summary>RFC 5626 §3.5.1.</summary>
    [Fact]
    [Spec("R.register")]
    public async Task Ping_DoubleCrlf_IsAnsweredByOne()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        await bob.WriteAsync("\r\n\r\n"u8.ToArray());
        await Until.TrueAsync(() => bob.Keepalives.Count == 1, "pong");
        Assert.Equal("pong", bob.Keepalives.First());
        Assert.Equal(200, (await bob.RequestAsync("\r\n" + bob.PlainText("OPTIONS"))).Status);
        Assert.Single(bob.Keepalives);   // a lone one is some clients' keepalive: no answer
    }
}
