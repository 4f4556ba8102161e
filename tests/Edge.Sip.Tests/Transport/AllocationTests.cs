using System.Net;
using System.Text;
using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Edge.Sip.Transport;
using Edge.Sip.Transport.Native;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>What a reactor's thread allocates for each request: reading, parsing, answering, writing, and handing over to the link.</summary>
/// <remarks>The link's own threads are not in it: gRPC and Protobuf allocate for each batch, docs/adr/0006.</remarks>
public sealed class AllocationTests(ITestOutputHelper output)
{
    private const int WarmUps = 100;
    private const int Times = 200;
    private const int AtOnce = 20;

    [Fact]
    public async Task Options_NothingAllocated()
    {
        await using Measured edge = await Measured.StartAsync();
        byte[] request = Encoding.UTF8.GetBytes(edge.Client.PlainText("OPTIONS"));
        Assert.Equal(0, await PerRequestAsync(edge, async () =>
        {
            await edge.Client.WriteAsync(request);
            Assert.Equal(200, (await edge.Client.ResponseAsync()).Status);
        }));
    }

    [Fact]
    public async Task Keepalive_NothingAllocated()
    {
        await using Measured edge = await Measured.StartAsync();
        byte[] ping = "\r\n\r\n"u8.ToArray();
        int pongs = 0;
        Assert.Equal(0, await PerRequestAsync(edge, async () =>
        {
            await edge.Client.WriteAsync(ping);
            pongs++;
            await Until.TrueAsync(() => edge.Client.Keepalives.Count >= pongs, "pong");
        }));
    }

    [Fact]
    public async Task Refresh_NothingAllocated()
    {
        await using Measured edge = await Measured.StartAsync();
        byte[] request = Encoding.UTF8.GetBytes(edge.Client.RegisterText(3_600, null, null));
        int sent = 5 * AtOnce;
        await edge.Client.WriteAsync(Enumerable.Repeat(request, sent).SelectMany(bytes => bytes).ToArray());
        for (int i = 0; i < sent; i++) Assert.Equal(200, (await edge.Client.ResponseAsync()).Status);
        Assert.Equal(0, await PerRequestAsync(edge, async () =>
        {
            await edge.Client.WriteAsync(request);
            Assert.Equal(200, (await edge.Client.ResponseAsync()).Status);
            // Of those that the link has not written yet there are as many events; each later one uses the event of one that is written.
            if (++sent % AtOnce == 0) await Until.TrueAsync(() => edge.Edge.Core.Count(happened => happened.Refresh) == sent, "refreshes at the core");
        }));
    }

    /// <summary>In and out; what remains is what the link's messages are made of.</summary>
    [Fact]
    public async Task Message_OnlyWhatTheLinkCarriesIsAllocated()
    {
        await using Measured edge = await Measured.StartAsync();
        Assert.InRange(await PerRequestAsync(edge, async () => Assert.Equal(202, (await edge.Client.SendAsync("bob", "hello")).Status)), 1, 1_100);
        long sequence = 0;
        ulong flow = edge.Edge.FlowOf("bob");
        Assert.InRange(await PerRequestAsync(edge, async () =>
        {
            sequence++;
            await edge.Edge.Core.SendAsync(new CoreEvent { Delivery = edge.Edge.Core.Delivery(flow, "bob", sequence, sequence - 1) });
            await edge.Edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Sequence == sequence);
        }), 1, 500);
    }

    /// <summary>What a Content-Length says costs nothing: a length that is refused as little as one that is no number, the longest body allowed as little as the shortest.</summary>
    [Theory]
    [InlineData("x", "4294967296", true)]
    [InlineData("1", "8192", false)]
    [Spec("N.sip")]
    public async Task DeclaredLength_OfBytesThatDoNotCome_NothingAllocatedForThem(string small, string large, bool ends)
    {
        await using Measured edge = await Measured.StartAsync();
        long forSmall = await PerConnectionAsync(edge, small, ends), forLarge = await PerConnectionAsync(edge, large, ends);
        Assert.InRange(forLarge - forSmall, -256, 256);
    }

    /// <returns>Bytes for a connection that declares this length, the connection itself included.</returns>
    private async Task<long> PerConnectionAsync(Measured edge, string length, bool ends)
    {
        string options = edge.Client.PlainText("OPTIONS");
        byte[] bytes = Encoding.UTF8.GetBytes($"{options}{options.Replace("Content-Length: 0", $"Content-Length: {length}", StringComparison.Ordinal)}");
        return await PerRequestAsync(edge, async () =>
        {
            await using SipClient one = await edge.Edge.ConnectAsync();
            await one.WriteAsync(bytes);
            Assert.Equal(200, (await one.ResponseAsync()).Status);   // behind it, in the same read, the length has been seen
            if (ends) await one.Closed.WaitAsync(Until.Patience);
        });
    }

    /// <returns>Bytes for each request, rounded down: what is allocated once in a while, as by a table that grows, is not for a request.</returns>
    private async Task<long> PerRequestAsync(Measured edge, Func<Task> request)
    {
        for (int i = 0; i < WarmUps; i++) await request();
        edge.Transport.Begin();
        for (int i = 0; i < Times; i++) await request();
        long bytes = edge.Transport.Allocated / Times;
        output.WriteLine($"{bytes} bytes for each request");
        return bytes;
    }

    private sealed class Measured(TestEdge edge, MeasuredTransport transport, SipClient client) : IAsyncDisposable
    {
        public TestEdge Edge => edge;

        public MeasuredTransport Transport => transport;

        public SipClient Client => client;

        public static async Task<Measured> StartAsync()
        {
            MeasuredTransport? transport = null;
            TestEdge edge = await TestEdge.StartAsync(
                transport: services => transport = new MeasuredTransport(ActivatorUtilities.CreateInstance<NativeTransport>(services)), settings: ["Sip:Reactors=1"]);
            return new Measured(edge, transport!, await edge.RegisteredAsync());
        }

        public ValueTask DisposeAsync() => edge.DisposeAsync();
    }

    /// <summary>The native transport; each time bytes come in it looks at what the reactor's thread has allocated so far.</summary>
    private sealed class MeasuredTransport(NativeTransport inner) : ITransport, IConnectionHandler, IDisposable
    {
        private IConnectionHandler? _handler;
        private bool _beginning;
        private long _first;
        private long _last;

        public IPEndPoint? LocalEndPoint => inner.LocalEndPoint;

        /// <summary>From the first bytes since <see cref="Begin"/> to the last ones.</summary>
        public long Allocated => Volatile.Read(ref _last) - Volatile.Read(ref _first);

        public void Begin() => Volatile.Write(ref _beginning, true);

        public void Start(IConnectionHandler handler)
        {
            _handler = handler;
            inner.Start(this);
        }

        public void Use(ServerCertificate certificate) => inner.Use(certificate);

        public Task StopAsync(CancellationToken cancellationToken) => inner.StopAsync(cancellationToken);

        public void Dispose() => inner.Dispose();

        public void Accepted(Connection connection) => _handler!.Accepted(connection);

        public void Secured(Connection connection) => _handler!.Secured(connection);

        public int Received(Connection connection, ReadOnlySpan<byte> unread)
        {
            long now = GC.GetAllocatedBytesForCurrentThread();
            if (Volatile.Read(ref _beginning)) Volatile.Write(ref _first, now);
            Volatile.Write(ref _beginning, false);
            Volatile.Write(ref _last, now);
            return _handler!.Received(connection, unread);
        }

        public void Ended(Connection connection) => _handler!.Ended(connection);
    }
}
