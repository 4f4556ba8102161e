using Core.Store.Mailboxes;
using Core.Store.Redis;
using Core.Store.Tests.Model;
using Core.Store.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;

namespace Core.Store.Tests.Mailboxes;

/// <summary>A message leaves the store until 72 h after its acceptance, by no way a second later; on every server that the store runs on.</summary>
[Spec("S14", "P5")]
public abstract class ExpiryTests(ServerFixture fixture) : StoreTest(fixture)
{
    public enum WayOut
    {
        Registration,
        Page,
        SweepsPush,
        AcceptOfAnOldClaim,
        AcceptAgain,
        Get,
    }

    [Theory]
    [InlineData(WayOut.Registration)]
    [InlineData(WayOut.Page)]
    [InlineData(WayOut.SweepsPush)]
    [InlineData(WayOut.AcceptOfAnOldClaim)]
    [InlineData(WayOut.AcceptAgain)]
    [InlineData(WayOut.Get)]
    public async Task Message_At715959_StillThere(WayOut way) => Assert.True(await LeavesAsync(way, new TimeSpan(71, 59, 59)));

    [Theory]
    [InlineData(WayOut.Registration)]
    [InlineData(WayOut.Page)]
    [InlineData(WayOut.SweepsPush)]
    [InlineData(WayOut.AcceptOfAnOldClaim)]
    [InlineData(WayOut.AcceptAgain)]
    [InlineData(WayOut.Get)]
    public async Task Message_At720001_Gone(WayOut way) => Assert.False(await LeavesAsync(way, new TimeSpan(72, 0, 1)));

    [Theory]   // to the millisecond, as it is stored
    [InlineData(WayOut.Registration)]
    [InlineData(WayOut.AcceptOfAnOldClaim)]
    [InlineData(WayOut.Get)]
    public async Task Message_At720000_Gone(WayOut way) => Assert.False(await LeavesAsync(way, TimeSpan.FromHours(72)));

    [Fact]   // a core that stood still between its look at the clock and Redis' answer
    public async Task Accept_ExpiredBeforeItsAnswer_NotPushed()
    {
        TestCore slow = await CutCoreAsync();
        await Store.RegisterAsync(Bob, Bind(Flow(1), seconds: 100 * 3_600), 0, true);
        Assert.NotNull((await slow.Store.AcceptAsync(Message(Alice, Bob, "in time"))).Push);
        ((CutConnection)slow.Get<RedisConnection>()).Cut.Arm(slow.Get<RedisConnection>().IsCluster ? 2 : 1, CutKind.Waits, () => Time.Advance(TimeSpan.FromHours(72)));
        Assert.Null((await slow.Store.AcceptAsync(Message(Alice, Bob, "too late"))).Push);
    }

    [Fact]   // GET said EXPIRED from that moment on: a refusal or a deleted account before the sweep makes nothing else of it
    [Spec("S27", "D.expired")]
    public async Task End_AfterExpiryBeforeSweep_StaysExpiredUnlessDelivered()
    {
        MessageKey refused = await AcceptedAsync("refused"), delivered = await AcceptedAsync("delivered"), orphaned = await AcceptedAsync("orphaned");
        Time.Advance(TimeSpan.FromHours(72));
        Assert.Equal(MessageState.Expired, await StateAsync(refused));
        Assert.Equal(MessageState.Expired, (await Store.EndAsync(refused, MessageState.InvalidDevice))!.State);
        Assert.Equal(MessageState.Delivered, (await Store.EndAsync(delivered, MessageState.Delivered))!.State);
        Assert.Equal(1, await Core.Accounts.DeleteAsync(Bob));
        Assert.Equal([MessageState.Expired, MessageState.Delivered, MessageState.Expired], [await StateAsync(refused), await StateAsync(delivered), await StateAsync(orphaned)]);
    }

    private async Task<bool> LeavesAsync(WayOut way, TimeSpan age)
    {
        NewMessage message = Message(Alice, Bob, "hello");
        if (way == WayOut.AcceptOfAnOldClaim) await Core.ClaimAsync(message);
        else await Store.AcceptAsync(message);
        Time.Advance(age - TimeSpan.FromSeconds(50));
        if (way is WayOut.SweepsPush or WayOut.Page or WayOut.AcceptOfAnOldClaim) await RegisterAsync(Flow(1));
        Time.Advance(TimeSpan.FromSeconds(50));
        switch (way)
        {
            case WayOut.Registration:
                return (await RegisterAsync(Flow(1))).Messages.Count == 1;
            case WayOut.Page:
                return (await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages.Count == 1;
            case WayOut.SweepsPush:
                await Core.Sweeper.SweepOnceAsync();
                return Core.Port.Pushes.Count == 1;
            case WayOut.AcceptOfAnOldClaim:
                Acceptance late = await Store.AcceptAsync(message);
                Assert.Equal(late.Push is null ? MessageState.Expired : MessageState.Enqueued, late.Status!.State);
                return late.Push is not null;
            case WayOut.AcceptAgain:
                return (await Store.AcceptAsync(message)).Status!.State == MessageState.Enqueued;
            default:
                return (await Store.FindAsync(Alice, message.MessageId))!.State == MessageState.Enqueued;
        }
    }

    private Task<TestCore> CutCoreAsync() => StartCoreAsync("core-2", replace: services => services.AddSingleton<RedisConnection, CutConnection>());
}

/// <inheritdoc/>
public sealed class ExpiryOnRedisTests(RedisFixture fixture) : ExpiryTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc/>
public sealed class ExpiryOnGarnetTests(GarnetFixture fixture) : ExpiryTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc/>
public sealed class ExpiryOnClusterTests(ClusterFixture fixture) : ExpiryTests(fixture), IClassFixture<ClusterFixture>;
