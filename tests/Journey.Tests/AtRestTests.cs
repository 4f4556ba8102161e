using System.Net;
using System.Text;
using Journey.Tests.Harness;
using StackExchange.Redis;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>What lies in Redis, on its disk and in logs. Spec S9, S14.</summary>
public sealed class AtRestTests(JourneySystem system)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>Spec S9: a canary text is in no file of Redis, no log and no metric, whether it waits or was delivered.</summary>
    [Fact]
    [Spec("S9")]
    public async Task Canary_SealedCore_IsNowhere()
    {
        string canary = $"canary{Guid.NewGuid():N}";
        (Account alice, Account bob) = await SendAndDeliverAsync(system, canary);

        await FlushedAsync(system);
        Assert.Equal(0, system.RedisFiles().Sum(file => Count(file, canary)));
        Assert.DoesNotContain(canary, system.Logs(), StringComparison.Ordinal);
        Assert.DoesNotContain(canary, await system.MetricsAsync(system.CoreMetricsPort), StringComparison.Ordinal);
        Assert.DoesNotContain(canary, await system.MetricsAsync(system.EdgeMetricsPort), StringComparison.Ordinal);
        foreach (Account account in (Account[])[alice, bob])
        {
            Assert.DoesNotContain(account.Password, system.Logs(), StringComparison.Ordinal);
            Assert.Equal(0, system.RedisFiles().Sum(file => Count(file, account.Password)));
            Assert.Equal(0, system.RedisFiles().Sum(file => Count(file, account.User)));   // design: no address in a key or value
        }
    }

    /// <summary>The same search in a core built with sealing off: it must find what it looks for, or the test above shows nothing.</summary>
    [Fact]
    [Spec("S9")]
    public async Task Canary_CoreWithSealingOff_IsFound()
    {
        string canary = $"canary{Guid.NewGuid():N}";
        await using JourneySystem unsealed = new(Journeys.Required(Journeys.UnsealedCoreAssembly, "tests/publish core-unsealed"));
        await unsealed.InitializeAsync();
        await SendAndDeliverAsync(unsealed, canary);

        await FlushedAsync(unsealed);
        Assert.True(unsealed.RedisFiles().Sum(file => Count(file, canary)) > 0, "the AOF holds the canary in clear");
    }

    /// <summary>Spec S14: every key of a waiting message that ends by itself does so after 72 to 73 h, or after the 7 days of its outcome.</summary>
    [Fact]
    [Spec("S14")]
    public async Task TimeToLive_WaitingMessage_72To73Hours()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        HashSet<RedisKey> before = [.. Keys()];

        Assert.Equal("ENQUEUED", (await system.Api(alice).SendAsync(Guid.NewGuid(), bob.User, "waits")).State);

        List<TimeSpan> lives = [];
        foreach (RedisKey key in Keys().Where(key => !before.Contains(key)))
        {
            if (await system.Redis.GetDatabase().KeyTimeToLiveAsync(key) is { } life)
            {
                lives.Add(life);
            }
        }

        Assert.Single(lives, life => life > TimeSpan.FromHours(72) && life <= TimeSpan.FromHours(73));   // the record with the sealed text
        Assert.All(lives, life => Assert.True(life <= TimeSpan.FromDays(7), $"{life} is longer than an outcome is kept"));
    }

    private static async Task<(Account Sender, Account Recipient)> SendAndDeliverAsync(JourneySystem system, string canary)
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        Account carol = await system.NewAccountAsync("carol");
        await using SipClient phone = await system.RegisteredAsync(bob);
        Guid delivered = Guid.NewGuid();
        Assert.Equal(HttpStatusCode.OK, (await system.Api(alice).SendAsync(delivered, bob.User, canary)).Status);
        Assert.Equal(202, (await phone.SendAsync(alice.User, canary)).Status);
        Assert.Equal(HttpStatusCode.OK, (await system.Api(alice).SendAsync(Guid.NewGuid(), carol.User, canary)).Status);   // goes on waiting
        await phone.ReceiveAsync(1);
        await system.Api(alice).UntilStateAsync(delivered, "DELIVERED", Soon);
        return (alice, bob);
    }

    /// <summary>An RDB file beside the AOF: both forms in which Redis writes.</summary>
    private static async Task FlushedAsync(JourneySystem system)
    {
        IServer server = system.Redis.GetServers()[0];
        await server.SaveAsync(SaveType.BackgroundSave);
        await Wait.UntilAsync(() => File.Exists(system.In("redis", "dump.rdb")), Soon, "redis-server writes its dump");
    }

    private IEnumerable<RedisKey> Keys() => system.Redis.GetServers()[0].Keys(pageSize: 1000);

    private static int Count(byte[] file, string text) => file.AsSpan().Count(Encoding.UTF8.GetBytes(text));
}
