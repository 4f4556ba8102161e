using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Journey.Tests.Harness;
using Testing.Shared.Sip;

namespace Journey.Tests.Hostile;

/// <summary>Pairs of phones that write to each other as ever, each from an address of its own: how long from a send to its receipt by the other phone.</summary>
internal sealed class Bystanders : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<(SipClient Sender, SipClient Phone)> _pairs = [];
    private readonly ConcurrentDictionary<string, long> _sent = new();
    private readonly ConcurrentBag<double> _took = [];
    private int _number;

    public static async Task<Bystanders> StartAsync(JourneySystem system, int pairs)
    {
        Bystanders all = new();
        IReadOnlyList<Account> accounts = await system.NewAccountsAsync("calm", 2 * pairs);
        for (int i = 0; i < pairs; i++)
        {
            SipClient sender = await system.ConnectedAsync(accounts[2 * i], IPAddress.Parse($"127.0.1.{2 * i + 1}")), phone = await system.ConnectedAsync(accounts[2 * i + 1], IPAddress.Parse($"127.0.1.{2 * i + 2}"));
            phone.Answer = message =>
            {
                if (all._sent.TryRemove(message.Text, out long began)) all._took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                return 200;
            };
            Assert.Equal((200, 200), ((await sender.RegisterAsync()).Status, (await phone.RegisterAsync()).Status));
            all._pairs.Add((sender, phone));
        }

        return all;
    }

    /// <summary>Goes on for so long; every message must be accepted and must arrive.</summary>
    /// <returns>Their figures.</returns>
    public async Task<LatencyFigures> GoAsync(TimeSpan time)
    {
        _took.Clear();
        await Task.WhenAll(_pairs.Select((pair, i) => SendAsync(pair, time, Every * i / _pairs.Count)));
        await Wait.UntilAsync(() => Task.FromResult(_sent.IsEmpty), Patience, "every message arrives");
        double[] took = [.. _took.Order()];
        return new LatencyFigures(took.Length, took[took.Length / 2], took[took.Length * 99 / 100], took[^1]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((SipClient sender, SipClient phone) in _pairs)
        {
            await sender.DisposeAsync();
            await phone.DisposeAsync();
        }
    }

    private async Task SendAsync((SipClient Sender, SipClient Phone) pair, TimeSpan time, TimeSpan offset)
    {
        await Task.Delay(offset);
        using PeriodicTimer timer = new(Every);
        long began = Stopwatch.GetTimestamp();
        do
        {
            string text = $"calm {Interlocked.Increment(ref _number)}";
            _sent[text] = Stopwatch.GetTimestamp();
            Assert.Equal(202, (await pair.Sender.SendAsync(pair.Phone.User, text)).Status);
        }
        while (await timer.WaitForNextTickAsync() && Stopwatch.GetElapsedTime(began) < time);
    }
}
