using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Edge.Sip.Tests.Harness;
using Edge.Sip.Transport.Native;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>Clients of the native transport that keep within TLS and cost more than they may: what OpenSSL does not bound, and what waits for them.</summary>
[Spec("P7")]
public sealed class HostileTlsTests
{
    /// <summary>A record of four bytes: the head of a ClientHello that says it has 131,072.</summary>
    private static readonly byte[] LyingHello = [0x16, 0x03, 0x01, 0x00, 0x04, 0x01, 0x02, 0x00, 0x00];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeyUpdates_AFew_AreServed(bool both)
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using KeyUpdatePeer peer = new(edge.Port);
        for (int i = 0; i < IdleRecords.Most / 2; i++) Assert.True(peer.UpdateKeys(both));
        Assert.StartsWith("SIP/2.0 200 ", peer.Ask(Encoding.ASCII.GetBytes(bob.PlainText("OPTIONS"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyUpdates_WithoutEnd_EndTheirConnectionAlone()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        using KeyUpdatePeer peer = new(edge.Port);
        int updates = 0;
        while (updates < 1_000_000 && peer.UpdateKeys()) updates++;
        Assert.InRange(updates, IdleRecords.Most / 2, 999_999);
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/idle_records") == 1, "ended");
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
    }

    /// <summary>OpenSSL has the room ready that a ClientHello says it needs, once its head is there: few may wait so.</summary>
    [Fact]
    public async Task Hellos_ThatDeclareMuchAndStop_FewAreBorne()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        for (int round = 1; round <= 2; round++)   // the places of those that are gone are free again
        {
            List<TcpClient> liars = [];
            for (int i = 0; i < Reactor.MostCutHellos + 20; i++)
            {
                TcpClient tcp = await edge.ConnectRawAsync();
                await tcp.GetStream().WriteAsync(LyingHello);
                liars.Add(tcp);
            }

            int ended = 20 * round;   // the others end themselves
            await Until.TrueAsync(() => edge.Sum("edge.connections.ended/handshake_failed") == ended, "what is too much is ended");
            Assert.Equal(round + Reactor.MostCutHellos, edge.Sessions);
            Assert.Equal(200, (await (await edge.ConnectAsync("carol")).RegisterAsync()).Status);
            liars.ForEach(static tcp => tcp.Client.Shutdown(SocketShutdown.Send));
            await Until.TrueAsync(() => edge.Sessions == 1 + round, "they are gone");
            liars.ForEach(static tcp => tcp.Dispose());
        }

        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
    }

    /// <summary>RFC 8446 §5.1 allows it: a ClientHello in two records is served however they come.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(100)]
    public async Task Hello_InTwoRecords_IsServed(int first)
    {
        await using TestEdge edge = await StartAsync();
        using MemoryStream said = new();
        using SslStream nobody = new(said);
        await Assert.ThrowsAnyAsync<Exception>(() => nobody.AuthenticateAsClientAsync("example.test"));
        byte[] hello = said.ToArray()[5..];
        using TcpClient tcp = await edge.ConnectRawAsync();
        tcp.NoDelay = true;
        await tcp.GetStream().WriteAsync(Record(hello.AsSpan(0, first)));
        await Task.Delay(20);   // so that it is most likely looked at by itself; either way it is served
        await tcp.GetStream().WriteAsync(Record(hello.AsSpan(first)));
        byte[] answer = new byte[6];
        await tcp.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(Until.Patience);
        Assert.Equal((0x16, 0x02), (answer[0], answer[5]));   // a ServerHello
    }

    /// <summary>Answers to one record of requests, which wait together for the end of the turn: too many for a stranger, not for a client that is registered.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answers_ManyAtOnce_BeforeARegistrationFewerMayWait(bool registered)
    {
        const int Requests = 45;
        await using TestEdge edge = await StartAsync("Sip:UnregisteredOutgoingBytes=16384");
        SipClient bob = await edge.RegisteredAsync();
        SipClient client = registered ? bob : await edge.ConnectAsync("carol");
        byte[] requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(bob.PlainText("OPTIONS"), Requests)));
        Assert.InRange(requests.Length, 1, 16_384);
        await client.WriteAsync(requests);
        int answers = 0;
        await Until.TrueAsync(
            () =>
            {
                while (client.TryTakeResponse(out _)) answers++;
                return registered ? answers == Requests : edge.Sum("edge.connections.ended/slow_reader") == 1;
            },
            registered ? "all are answered" : "ended");
        Assert.Equal(registered ? 0 : 1, edge.Sum("edge.connections.ended/slow_reader"));
    }

    private static Task<TestEdge> StartAsync(params string[] settings) => TestEdge.StartAsync(settings: ["Sip:Transport=Native", "Sip:Reactors=1", "Sip:HandshakeSeconds=60", .. settings]);

    private static byte[] Record(ReadOnlySpan<byte> part) => [0x16, 0x03, 0x01, (byte)(part.Length >> 8), (byte)part.Length, .. part];
}
