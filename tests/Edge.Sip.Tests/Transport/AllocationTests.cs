using System.Text;
using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Edge.Sip.Transport.Native;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>What a reactor's thread allocates for each request: reading, parsing, answering, writing, and the link to the core with all that it says.</summary>
public sealed class AllocationTests(ITestOutputHelper output)
{
    private const int WarmUps = 100;
    private const int Times = 2_000;      // what is allocated once in the measured time, a KB or so for the last word of the core, is less than a byte for each
    private const int MessageTimes = 200;
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
        byte[] ping = Encoding.UTF8.GetBytes($"\r\n\r\n{edge.Client.PlainText("OPTIONS")}");   // whose answer comes behind the pong
        int pings = 0;
        Assert.Equal(0, await PerRequestAsync(edge, async () =>
        {
            await edge.Client.WriteAsync(ping);
            Assert.Equal(200, (await edge.Client.ResponseAsync()).Status);
            pings++;
        }));
        Assert.Equal(pings, edge.Client.Keepalives.Count);
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
        Assert.InRange(await PerRequestAsync(edge, async () => Assert.Equal(202, (await edge.Client.SendAsync("bob", "hello")).Status), MessageTimes), 1, 950);
        long sequence = 0;
        ulong flow = edge.Edge.FlowOf("bob");
        Assert.InRange(await PerRequestAsync(edge, async () =>
        {
            sequence++;
            await edge.Edge.Core.SendAsync(new CoreEvent { Delivery = edge.Edge.Core.Delivery(flow, "bob", sequence, sequence - 1) });
            await edge.Edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Sequence == sequence);
        }, MessageTimes), 1, 870);
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
        }, MessageTimes);
    }

    /// <returns>Bytes for each request, rounded down: what is allocated once in a while, as by a table that grows, is not for a request.</returns>
    private async Task<long> PerRequestAsync(Measured edge, Func<Task> request, int times = Times)
    {
        for (int i = 0; i < WarmUps; i++) await request();
        await edge.LinkReadAsync();
        edge.Meter.Begin();
        for (int i = 0; i < times; i++) await request();
        await edge.LinkReadAsync();
        long bytes = edge.Meter.Allocated / times;
        output.WriteLine($"{bytes} bytes for each request");
        return bytes;
    }

    private sealed class Measured(TestEdge edge, ReactorMeter meter, SipClient client) : IAsyncDisposable
    {
        public TestEdge Edge => edge;

        public ReactorMeter Meter => meter;

        public SipClient Client => client;

        public static async Task<Measured> StartAsync()
        {
            NativeTransport? transport = null;
            TestEdge edge = await TestEdge.StartAsync(transport: services => transport = ActivatorUtilities.CreateInstance<NativeTransport>(services), settings: ["Sip:Reactors=1"]);
            ReactorMeter meter = new();
            transport!.ReactorOf(0).Invite(meter);
            return new Measured(edge, meter, await edge.RegisteredAsync());
        }

        /// <summary>Until the edge has read whatever the core had said by now: what is said on a link is read in order.</summary>
        public async Task LinkReadAsync()
        {
            ulong stray = ulong.MaxValue - (ulong)edge.Core.Count(happened => happened.Unregister);
            await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(stray, "nobody", 1) });
            await edge.Core.SeenAsync(happened => happened.Unregister, unregister => unregister.Flow == stray);
        }

        public ValueTask DisposeAsync() => edge.DisposeAsync();
    }

    /// <summary>A guest of the reactor that looks, at the end of each turn, at what its thread has allocated so far: connections, link and all.</summary>
    private sealed class ReactorMeter : IReactorGuest
    {
        private bool _beginning;
        private long _first;
        private long _last;
        private volatile bool _over;

        public int Descriptor { get; } = Linux.CreateEvent();

        public uint Interest => 0;

        public long DueMs => long.MaxValue;

        public bool IsOver => _over;

        /// <summary>From the first turn since <see cref="Begin"/> to the last one.</summary>
        public long Allocated => Volatile.Read(ref _last) - Volatile.Read(ref _first);

        public void Begin() => Volatile.Write(ref _beginning, true);

        public void Ready() => throw new InvalidOperationException("nothing is ever written to it");

        public void EndTurn()
        {
            long now = GC.GetAllocatedBytesForCurrentThread();
            if (Interlocked.Exchange(ref _beginning, false)) Volatile.Write(ref _first, now);
            Volatile.Write(ref _last, now);
        }

        public void Abandon()
        {
            _over = true;
            _ = Linux.close(Descriptor);
        }
    }
}
