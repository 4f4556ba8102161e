using System.Diagnostics;
using System.Globalization;
using Journey.Tests.Harness;
using Journey.Tests.Hostile;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Changed messages to the published edge over TLS, from several clients at once, while another one goes on as ever.</summary>
public sealed class MutatedMessageTests(JourneySystem system)
{
    private const int Peers = 4;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Messages_ChangedAndSentOverTls_NoCrashNoHangAndOthersServed()
    {
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("fuzz", 40);
        Account good = await system.NewAccountAsync("good"), friend = await system.NewAccountAsync("friend");
        IReadOnlyList<byte[]> corpus = Corpus();
        EdgeHealth health = await EdgeHealth.BeforeAsync(system);
        long before = system.EdgeMemory;
        Console.WriteLine($"over TLS: seed {HostileSettings.Seed}");   // first: it is wanted most when the rest does not come
        MutatedPeer[] peers = [.. Enumerable.Range(0, Peers).Select(_ => new MutatedPeer(system, accounts, accounts[0], corpus))];
        using CancellationTokenSource done = new();
        Task<List<double>> bystander = BystandAsync(good, done.Token);
        Stopwatch watch = Stopwatch.StartNew();
        await Task.WhenAll(peers.Select(async (peer, first) =>
        {
            for (ulong number = (ulong)first + 1; number <= HostileSettings.Messages; number += Peers) await peer.SendAsync(HostileSettings.Seed, number);   // which ones it sends is the same each time too
        }));
        double seconds = watch.Elapsed.TotalSeconds;
        await done.CancelAsync();
        List<double> others = await bystander;
        foreach (MutatedPeer peer in peers) await peer.DisposeAsync();

        double[] took = [.. peers.SelectMany(static peer => peer.Milliseconds).Order()];
        ulong[] hangs = [.. peers.SelectMany(static peer => peer.Hangs)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"over TLS: {HostileSettings.Messages} messages changed, seed {HostileSettings.Seed}: {hangs.Length} hangs over {MutatedPeer.Hang.TotalMilliseconds} ms, {peers.Sum(static peer => peer.Ended)} connections ended by the edge; {HostileSettings.Messages / seconds:F0} a second; "
            + $"median {took[took.Length / 2]:F2} ms, slowest {took[^1]:F1} ms, {took[^1] / took[took.Length / 2]:F0} x; another client's OPTIONS meanwhile: {others.Count}, median {others[others.Count / 2]:F2} ms, 99% {others[others.Count * 99 / 100]:F1} ms; edge {before >> 20} MB before, {system.EdgeMemory >> 20} after"));
        Assert.Empty(hangs);
        await health.AssertUnhurtAsync();
        await using SipClient phone = await system.RegisteredAsync(friend), sender = await system.RegisteredAsync(good);
        Assert.Equal(202, (await sender.SendAsync(friend.User, "as ever")).Status);
        Assert.Equal("as ever", (await phone.ReceiveAsync(1, Soon))[0].Text);
    }

    /// <summary>A phone on the same edge: whatever others send, it is answered.</summary>
    private async Task<List<double>> BystandAsync(Account account, CancellationToken done)
    {
        await using SipClient phone = await system.RegisteredAsync(account);
        List<double> took = [];
        while (!done.IsCancellationRequested || took.Count == 0)
        {
            long began = Stopwatch.GetTimestamp();
            Assert.Equal(200, (await phone.RequestAsync(phone.PlainText("OPTIONS"))).Status);
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.WhenAny(Task.Delay(20, done));
        }

        took.Sort();
        return took;
    }

    /// <summary>The corpus of tests/Fuzz, and the messages of RFC 4475 where they are at hand.</summary>
    private static IReadOnlyList<byte[]> Corpus()
    {
        string? torture = Environment.GetEnvironmentVariable("EDGE_RFC4475");
        IEnumerable<string> files = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Corpus"));
        if (!string.IsNullOrEmpty(torture)) files = files.Concat(Directory.EnumerateFiles(torture, "*.dat"));
        return [.. files.Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }
}
