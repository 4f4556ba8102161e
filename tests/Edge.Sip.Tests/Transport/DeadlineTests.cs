using System.Net.Sockets;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>Spec, Numbers: what a connection may take its time for.</summary>
public class DeadlineTests
{
    [Fact]
    [Spec("N.sip")]
    public async Task Handshake_NotDoneInTime_Ends()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        using TcpClient tcp = await edge.ConnectRawAsync();
        await Until.TrueAsync(() => edge.Sessions == 1, "accepted");
        await edge.MoveAsync(TimeSpan.FromMilliseconds(4_500));
        Assert.Equal(1, edge.Sessions);
        await EndsAsync(edge, "handshake_timeout");
        Assert.Equal(1, edge.Sum("edge.handshakes.failed"));
    }

    [Fact]
    [Spec("S7")]
    public async Task Handshake_Garbage_Fails()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        await tcp.GetStream().WriteAsync("OPTIONS sip:example.test SIP/2.0\r\n\r\n"u8.ToArray());
        await Until.TrueAsync(() => edge.Sum("edge.handshakes.failed") == 1, "no clear text is served");
    }

    [Fact]
    [Spec("N.sip")]
    public async Task FirstRequest_NotThereInTime_Ends()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.ConnectAsync();
        await bob.WriteAsync("\r\n\r\n"u8.ToArray());   // a ping is no request
        await Until.TrueAsync(() => bob.Keepalives.Count == 1, "pong");
        await edge.MoveAsync(TimeSpan.FromMilliseconds(4_500));
        Assert.Equal(1, edge.Sessions);
        await EndsAsync(edge, "first_request_timeout");
        await bob.Closed.WaitAsync(Until.Patience);
    }

    [Fact]
    [Spec("N.sip")]
    public async Task BegunMessage_DripFed_Ends()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        await edge.MoveAsync(TimeSpan.FromSeconds(20));   // registered: none of the other deadlines runs any more
        for (int i = 0; i < 4; i++)
        {
            await bob.WriteAsync("O"u8.ToArray());
            await edge.MoveAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, edge.Sessions);
        await EndsAsync(edge, "message_timeout");
    }

    [Fact]
    [Spec("N.sip")]
    public async Task Connection_WithoutRegistration_EndsAfter15Seconds()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
        await edge.MoveAsync(TimeSpan.FromSeconds(14));
        Assert.Equal(1, edge.Sessions);
        await EndsAsync(edge, "not_registered");
    }

    [Fact]
    [Spec("S38", "N.registration")]
    public async Task Outbound_SilentFor150Seconds_Ends()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        await edge.MoveAsync(TimeSpan.FromSeconds(100));
        await bob.WriteAsync("\r\n\r\n"u8.ToArray());
        await Until.TrueAsync(() => bob.Keepalives.Count == 1, "pong");
        await edge.MoveAsync(TimeSpan.FromSeconds(149));
        Assert.Equal(1, edge.Sessions);
        Assert.Single(bob.Keepalives);   // it keeps alive itself: it is not pinged
        await EndsAsync(edge, "silent");
        await edge.MoveUntilAsync(() => edge.Core.Count(happened => happened.Unregister) == 1, TimeSpan.FromSeconds(10), "its end is told");
    }

    [Fact]
    [Spec("S38", "N.registration", "R.register")]
    public async Task OtherClient_IdleFor90Seconds_IsPingedAndMayStaySilent()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.ConnectAsync();
        await bob.RegisterAsync(contact: "<sip:bob@127.0.0.1:9>");
        await edge.MoveAsync(TimeSpan.FromSeconds(89));
        Assert.Empty(bob.Keepalives);
        await edge.MoveUntilAsync(() => bob.Keepalives.Count == 1, TimeSpan.FromSeconds(2), "ping after 90 s");
        Assert.Equal("ping", bob.Keepalives.First());
        await edge.MoveUntilAsync(() => bob.Keepalives.Count == 2, TimeSpan.FromSeconds(91), "and again");
        Assert.Equal(1, edge.Sessions);
    }

    /// <summary>Its time is up within 1.5 s of the edge's clock; the connection is then given a second of real time to close.</summary>
    private static async Task EndsAsync(TestEdge edge, string reason)
    {
        await edge.MoveAsync(TimeSpan.FromMilliseconds(1_500));
        await Until.TrueAsync(() => edge.Sum($"edge.connections.ended/{reason}") == 1, reason);
    }
}
