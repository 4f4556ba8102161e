using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Journey.Tests.Harness;
using Journey.Tests.Hostile;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Peers that take and give nothing: their time and room are bounded, and others do not notice. loadtests/hostile-peers does it with 2,000 of each and for ten minutes.</summary>
public sealed class BoundedTests
{
    private const int Declaring = 1_000;
    private const int Pairs = 10;
    private const int AtOnce = 16;   // handshakes that this side works at: it needs the same processors
    private const int Descriptors = 200;
    private const long SlowReaderBytes = 160 << 10;   // 32 KiB that wait, in a buffer of 64 at most, and a TLS session

    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(60);   // 16 s are meant; how busy this machine is is not what is tested
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    private static readonly IPAddress OneAddress = IPAddress.Parse("127.0.0.66");
    private static readonly IPAddress VictimsAddress = IPAddress.Parse("127.0.2.1");

    [Fact]
    [Spec("N.sip", "P7")]
    public async Task SlowAndHalfHandshakes_ManyAtOnce_AreEndedAndOthersRegister()
    {
        await using JourneySystem system = await StartAsync();
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("good", 50);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => RegisterAsync(system, accounts[0])));   // warm, and as large as a usual day makes it
        long before = system.EdgeMemory;
        using CancellationTokenSource deadline = new(Gone);
        using SemaphoreSlim doors = new(AtOnce);
        Task<TimeSpan>[] half = [.. Enumerable.Range(0, HostileSettings.Peers).Select(number => BadPeer.HalfHandshakeAsync(system.SipPort, lies: number % 2 == 0, deadline.Token))];
        Task<TimeSpan>[] slow = [.. Enumerable.Range(0, HostileSettings.Peers).Select(_ => BadPeer.SlowAsync(system.SipPort, doors, deadline.Token))];
        Task all = Task.WhenAll([.. half, .. slow]);
        (double[] registered, long during) = await MeanwhileAsync(system, accounts, all, deadline.Token);
        long after = await SettledAsync(system);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{HostileSettings.Peers} slow peers were borne for {Longest(slow):F1} s at most, {HostileSettings.Peers} half handshakes for {Longest(half):F1} s; meanwhile {registered.Length} good clients connected and registered, median {registered[registered.Length / 2]:F0} ms, slowest {registered[^1]:F0} ms; "
            + $"edge {before / 1e6:F1} MB before, {during / 1e6:F1} during, {after / 1e6:F1} MB {HostileSettings.Settle.TotalSeconds} s after ({(double)after / before:F3} x)"));
        AssertGivenBack(before, after);
        if (HostileSettings.IsFull)
        {
            Assert.InRange(registered[^1], 0, 1_000);
            Assert.InRange(Math.Max(Longest(slow), Longest(half)), 0, 16);
        }

        Assert.True(system.IsUp);
    }

    /// <summary>What waits for peers that ask and do not read is bounded for all of them together, by what one that is not registered may have.</summary>
    [Fact]
    [Spec("P7")]
    public async Task SlowReaders_ManyAtOnce_AreEndedAndMemoryStaysBounded()
    {
        await using JourneySystem system = await StartAsync();
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("good", 50);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => RegisterAsync(system, accounts[0])));
        long before = system.EdgeMemory;
        using CancellationTokenSource deadline = new(Gone);
        using SemaphoreSlim doors = new(AtOnce);
        Task<TimeSpan>[] readers = [.. Enumerable.Range(0, HostileSettings.Peers).Select(_ => BadPeer.SlowReaderAsync(system.SipPort, doors, deadline.Token))];
        (double[] registered, long during) = await MeanwhileAsync(system, accounts, Task.WhenAll(readers), deadline.Token);
        double ended = await system.MetricAsync(system.EdgeMetricsPort, "edge_connections_ended_total", "reason=\"slow_reader\"");
        long after = await SettledAsync(system);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{HostileSettings.Peers} peers that do not read were borne for {Longest(readers):F1} s at most, {ended} of them ended for what they had waiting; meanwhile {registered.Length} good clients connected and registered, median {registered[registered.Length / 2]:F0} ms, slowest {registered[^1]:F0} ms; "
            + $"edge {before / 1e6:F1} MB before, {during / 1e6:F1} during, {after / 1e6:F1} MB {HostileSettings.Settle.TotalSeconds} s after ({(double)after / before:F3} x)"));
        // Whether its queue or its time runs out first is the machine's: while answers wait, no more requests are read.
        Assert.InRange(during - before, long.MinValue, (32L << 20) + (HostileSettings.Peers * SlowReaderBytes));
        AssertGivenBack(before, after);
        if (HostileSettings.IsFull) Assert.InRange(Longest(readers), 0, 17);   // 15 s without a registration, and one in which to read the goodbye
        Assert.True(system.IsUp);
    }

    [Fact]
    [Spec("N.sip", "P7")]
    public async Task Bodies_OfFourGigabytesDeclared_AreRefusedWithoutRoomForThem()
    {
        await using JourneySystem system = await StartAsync();
        Account good = await system.NewAccountAsync("good");
        await RegisterAsync(system, good);
        long before = system.EdgeMemory, most = before;
        using CancellationTokenSource deadline = new(Gone);
        Task<string[]> huge = Task.WhenAll(Enumerable.Range(0, Declaring).Select(_ => BadPeer.DeclareAsync(system.SipPort, "4294967296", Gone, deadline.Token)));
        Task<string[]> largest = Task.WhenAll(Enumerable.Range(0, Declaring).Select(_ => BadPeer.DeclareAsync(system.SipPort, "8192", TimeSpan.FromSeconds(2), deadline.Token)));
        while (!huge.IsCompleted || !largest.IsCompleted)
        {
            most = Math.Max(most, system.EdgeMemory);
            await Task.WhenAny(Task.WhenAll(huge, largest), Task.Delay(20, deadline.Token));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Declaring} connections that declare 4 GB, {Declaring} that declare 8,192 bytes, none of which come: edge {before / 1e6:F1} MB before, {most / 1e6:F1} MB at most"));
        Assert.All(await huge, static answer => Assert.Equal("SIP/2.0 413 Request Entity Too Large", answer));
        Assert.All(await largest, static answer => Assert.Equal(string.Empty, answer));
        Assert.InRange(most - before, 0, 64L << 20);
        await RegisterAsync(system, good);
        await Wait.UntilAsync(() => Task.FromResult(system.EdgeMemory - before < (most - before) / 2), Gone, "the wave is over, and its memory given back");
    }

    [Fact]
    [Spec("N.quotas", "P7")]
    public async Task Flood_FromOneAddress_OthersAreServed()
    {
        await using JourneySystem system = await StartAsync("--Sip:ExemptLoopback=false");
        Account flooder = await system.NewAccountAsync("flood"), victim = await system.NewAccountAsync("victim");
        EdgeHealth health = await EdgeHealth.BeforeAsync(system);
        await using (SipClient phone = await system.ConnectedAsync(victim, VictimsAddress)) Assert.Equal(200, (await phone.RegisterAsync()).Status);
        await using Bystanders others = await Bystanders.StartAsync(system, Pairs);
        await others.GoAsync(HostileSettings.Calm);   // warm
        (LatencyFigures Others, long Memory) before = (await others.GoAsync(HostileSettings.Calm), system.EdgeMemory);
        Flood flood = new(system, OneAddress, flooder, victim);
        using CancellationTokenSource stop = new();
        Task flooding = flood.GoAsync(stop.Token);
        (LatencyFigures Others, long Memory) during = (await others.GoAsync(HostileSettings.Flood), system.EdgeMemory);
        await stop.CancelAsync();
        await flooding;
        (LatencyFigures Others, long Memory) after = (await others.GoAsync(HostileSettings.Calm), system.EdgeMemory);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{HostileSettings.Flood.TotalSeconds} s of flood from one address: {flood}\n  others before: {before.Others}, edge {before.Memory / 1e6:F1} MB\n  during: {during.Others}, edge {during.Memory / 1e6:F1} MB\n  after: {after.Others}, edge {after.Memory / 1e6:F1} MB"));
        Assert.InRange(after.Memory - before.Memory, long.MinValue, 64L << 20);
        if (HostileSettings.IsFull)
        {
            Assert.InRange(during.Others.P99, 0, Math.Max(500, 20 * before.Others.P99));
            Assert.InRange(after.Others.P99, 0, Math.Max(50, 3 * before.Others.P99));
            Assert.InRange(after.Memory, 0, before.Memory * 1.25);
        }

        Assert.True(await system.MetricAsync(system.EdgeMetricsPort, "edge_requests_refused_total") > 0);
        await health.AssertUnhurtAsync();
        await using SipClient again = await system.ConnectedAsync(victim, VictimsAddress);
        Assert.Equal(200, (await again.RegisterAsync()).Status);   // the guesses have not locked it out of where it has logged in from
    }

    [Fact]
    [Spec("P7")]
    public async Task Descriptors_AllInUse_ThoseThereAreServedAndNewOnesOnceOthersAreGone()
    {
        await using JourneySystem system = await StartAsync([], ["prlimit", $"--nofile={Descriptors}:{Descriptors}", "--"]);
        Account alice = await system.NewAccountAsync("alice"), bob = await system.NewAccountAsync("bob");
        await using SipClient sender = await system.RegisteredAsync(alice), phone = await system.RegisteredAsync(bob);
        long began = Stopwatch.GetTimestamp();
        List<TcpClient> storm = [];
        for (int i = 0; i < Descriptors; i++)
        {
            TcpClient one = new();
            await one.ConnectAsync(IPAddress.Loopback, system.SipPort, TestContext.Current.CancellationToken);
            storm.Add(one);
        }

        Assert.Equal(202, (await sender.SendAsync(bob.User, "in the storm")).Status);
        Assert.Equal("in the storm", (await phone.ReceiveAsync(1))[0].Text);
        storm.ForEach(static one => one.Dispose());
        double failures = 0;
        await Wait.UntilAsync(async () => (failures = await system.MetricAsync(system.EdgeMetricsPort, "edge_accept_failures_total")) > 0, Soon, "it is counted");
        // Each of the reactors rests for 100 ms after one that failed: those that wait in the queue are no reason to ask again and again.
        Assert.InRange(failures, 1, Math.Max(1, Environment.ProcessorCount - 1) * (1 + (Stopwatch.GetElapsedTime(began).TotalMilliseconds / 100)));
        await using SipClient later = await system.RegisteredAsync(alice);
    }

    private static async Task<JourneySystem> StartAsync(params string[] edgeSettings) => await StartAsync(edgeSettings, []);

    private static async Task<JourneySystem> StartAsync(string[] edgeSettings, string[] launcher)
    {
        JourneySystem system = new(Journeys.CoreAssembly) { EdgeSettings = edgeSettings, EdgeLauncher = launcher };
        await system.InitializeAsync();
        return system;
    }

    /// <summary>Good clients connect and register until the bad peers are gone.</summary>
    /// <returns>How long each took, in order, and the most memory that the edge had.</returns>
    private static async Task<(double[] Registered, long Most)> MeanwhileAsync(JourneySystem system, IReadOnlyList<Account> accounts, Task bad, CancellationToken deadline)
    {
        List<double> registered = [];
        long most = 0;
        while (!bad.IsCompleted || registered.Count == 0)
        {
            registered.Add((await RegisterAsync(system, accounts[registered.Count % accounts.Count])).TotalMilliseconds);
            most = Math.Max(most, system.EdgeMemory);
            await Task.WhenAny(bad, Task.Delay(200, deadline));
        }

        await bad;
        return ([.. registered.Order()], most);
    }

    /// <returns>The edge's memory once everybody is gone, and it has had its time.</returns>
    private static async Task<long> SettledAsync(JourneySystem system)
    {
        await Wait.UntilAsync(async () => await system.MetricAsync(system.EdgeMetricsPort, "edge_connections") == 0, Soon, "nobody is left");
        await Task.Delay(HostileSettings.Settle, TestContext.Current.CancellationToken);
        return system.EdgeMemory;
    }

    /// <summary>With the numbers of loadtests/hostile-peers, what it promises; with few peers beside other tests, what no noise can break.</summary>
    private static void AssertGivenBack(long before, long after)
    {
        if (HostileSettings.IsFull) Assert.InRange(after, 0, before * 1.10);
        else Assert.InRange(after - before, long.MinValue, 64L << 20);
    }

    /// <summary>From nothing to registered, and gone again.</summary>
    private static async Task<TimeSpan> RegisterAsync(JourneySystem system, Account account)
    {
        long began = Stopwatch.GetTimestamp();
        await using SipClient client = await system.RegisteredAsync(account);
        return Stopwatch.GetElapsedTime(began);
    }

    private static double Longest(Task<TimeSpan>[] peers) => peers.Max(static peer => peer.Result).TotalSeconds;
}
