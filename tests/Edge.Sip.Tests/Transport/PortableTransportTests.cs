using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

public class PortableTransportTests
{
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Handshake_Tls12And13_AreServed(SslProtocols protocol)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp, protocol);
        Assert.Equal(protocol, tls.SslProtocol);
    }

    /// <summary>Promise P7: a peer that asks and does not read is ended, and holds up nobody.</summary>
    [Fact]
    [Spec("P7")]
    public async Task SlowReader_OverItsBound_IsEnded()
    {
        await using TestEdge edge = await TestEdge.StartAsync(settings: "Sip:OutgoingBytes=16384");
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient tcp = await edge.ConnectRawAsync();
        using SslStream tls = await SecureAsync(tcp, SslProtocols.Tls13);
        byte[] requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(bob.PlainText("OPTIONS"), 100)));
        await Until.TrueAsync(
            () =>
            {
                try
                {
                    tls.Write(requests);
                }
                catch (IOException)
                {
                    // Ended: that is what the test waits for.
                }

                return edge.Sum("edge.connections.ended/slow_reader") == 1;
            },
            "slow reader ended");
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
    }

    [Fact]
    public async Task Connections_OverTheCap_AreClosedAtOnce()
    {
        await using TestEdge edge = await TestEdge.StartAsync(settings: "Sip:MostConnections=1");
        SipClient bob = await edge.RegisteredAsync();
        using TcpClient second = await edge.ConnectRawAsync();
        Assert.Equal(0, await second.GetStream().ReadAsync(new byte[1]));
        Assert.Equal(1, edge.Sum("edge.connections.refused"));
        await bob.DisposeAsync();
        await Until.TrueAsync(() => edge.Sessions == 0, "the place is free");
        await edge.RegisteredAsync("carol");
    }

    [Fact]
    public async Task Stop_SaysCloseNotifyAndUnregisters()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        await edge.StopAsync();
        await bob.Closed.WaitAsync(Until.Patience);
        await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal(1, edge.Sum("edge.connections.ended/stopping"));
        Assert.Equal(0, edge.Sum("edge.connections"));
        Assert.Equal(0, edge.Links.Unconfirmed);
    }

    [Fact]
    public async Task Start_PortTaken_Fails()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        await Assert.ThrowsAsync<SocketException>(() => TestEdge.StartAsync(waitForLink: false, settings: $"Sip:Port={edge.Port}"));
    }

    [Fact]
    public async Task Flows_Rise()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        await edge.RegisteredAsync("bob");
        await edge.RegisteredAsync("carol");
        Assert.True(edge.FlowOf("carol") > edge.FlowOf("bob"));
    }

    private static async Task<SslStream> SecureAsync(TcpClient tcp, SslProtocols protocol)
    {
#pragma warning disable CA5359 // the certificate is not what these tests are about
        SslStream tls = new(tcp.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "example.test", EnabledSslProtocols = protocol });
        return tls;
    }
}
