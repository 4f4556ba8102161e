using Core.Store.Accounts;
using Core.Store.Operators;
using Core.Store.Presence;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Operators;

/// <summary>The session log and the list of who is registered, over a real Redis; the same over a cluster.</summary>
[Spec("B4")]
public abstract class SessionLogTests(ServerFixture fixture) : StoreTest(fixture)
{
    private static readonly ClientSession Phone = new("192.0.2.7:40001", "Phone/1.0", "TLSv1.3", "TLS_AES_256_GCM_SHA384", Noon.AddSeconds(-1));
    private static readonly ClientSession Tablet = new("[2001:db8::1]:5061", "Tablet", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Noon);

    private IOperatorViews Views => Core.Get<IOperatorViews>();

    [Fact]
    public async Task Sessions_ConnectedRegisteredTwiceAndGone_EachWithItsReason()
    {
        await RegisterAsync(Flow(1), Phone);
        Time.Advance(TimeSpan.FromMinutes(1));
        await RegisterAsync(Flow(1), Phone);
        await RegisterAsync(Flow(2), Tablet, "tablet");
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.UnregisterAsync(Bob, Flow(1), new SessionEnd(ByClient: true, "unregistered"));
        await Store.UnregisterAsync(Bob, Flow(1), new SessionEnd(ByClient: false, "peer_closed"));   // nothing was bound any more
        await Store.UnregisterAsync(Bob, Flow(2), new SessionEnd(ByClient: false, "silent"));

        IReadOnlyList<SessionEvent> events = await Views.ListSessionEventsAsync(Bob);
        Assert.Equal(
            [
                (SessionEventKind.Disconnect, 2UL, "silent", Noon.AddMinutes(2)), (SessionEventKind.Unregister, 1UL, "unregistered", Noon.AddMinutes(2)),
                (SessionEventKind.Register, 2UL, "", Noon.AddMinutes(1)), (SessionEventKind.Connect, 2UL, "", Noon),
                (SessionEventKind.Register, 1UL, "", Noon.AddMinutes(1)), (SessionEventKind.Register, 1UL, "", Noon), (SessionEventKind.Connect, 1UL, "", Noon.AddSeconds(-1)),
            ],
            events.Select(static e => (e.Kind, e.Flow.Flow, e.Reason, e.Time)));
        Assert.All(events, static e => Assert.Equal(e.Flow.Flow == 1 ? Phone : Tablet, e.Client));
        Assert.Empty(await Views.ListSessionEventsAsync(Alice));
    }

    [Fact]
    public async Task Sessions_NewPassword_TheEndIsNotedAlthoughTheBindingHasGone()
    {
        await RegisterAsync(Flow(1), Phone);
        await Core.Accounts.UpdateAsync(Bob, "another");
        await Store.UnregisterAsync(Bob, Flow(1), new SessionEnd(ByClient: false, "peer_closed"));   // the edge, a moment later
        Assert.Equal(["revoked", "", ""], (await Views.ListSessionEventsAsync(Bob)).Select(static e => e.Reason));
    }

    [Fact]
    public async Task Sessions_AccountDeletedAndMadeAgain_NothingOfTheEarlierOne()
    {
        await RegisterAsync(Flow(1), Phone);
        await Core.Accounts.DeleteAsync(Bob);
        await Store.UnregisterAsync(Bob, Flow(1), new SessionEnd(ByClient: false, "revoked"));
        await Core.Accounts.CreateAsync(Bob, "secret");
        Assert.Empty(await Views.ListSessionEventsAsync(Bob));
    }

    [Fact]
    public async Task Sessions_VeryMany_TheLastHundredOfAWeek()
    {
        for (ulong flow = 1; flow <= 70; flow++) await RegisterAsync(Flow(flow), Phone with { Connected = Time.GetUtcNow() });
        IReadOnlyList<SessionEvent> events = await Views.ListSessionEventsAsync(Bob);
        Assert.Equal((100, 70UL, 21UL), (events.Count, events[0].Flow.Flow, events[^1].Flow.Flow));
        Time.Advance(TimeSpan.FromDays(6));
        await RegisterAsync(Flow(71), Phone with { Connected = Time.GetUtcNow() });
        Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(2, (await Views.ListSessionEventsAsync(Bob)).Count);
    }

    [Fact]   // it is the client that names itself
    public async Task Sessions_VeryLongUserAgent_IsCut()
    {
        await RegisterAsync(Flow(1), Phone with { UserAgent = new string('u', 5_000) });
        Assert.Equal(128, (await Views.ListSessionEventsAsync(Bob))[0].Client!.UserAgent.Length);
    }

    [Fact]
    public async Task Registrations_TwoDevices_NewestIsActiveAndBothAreDescribed()
    {
        await RegisterAsync(Flow(1), Phone);
        Time.Advance(TimeSpan.FromMinutes(1));
        await RegisterAsync(Flow(2, "edge-2"), Tablet, "tablet");
        Assert.Equal(
            [new(Bob, Flow(2, "edge-2"), Noon.AddMinutes(61), true, Tablet, Noon.AddMinutes(1)), new Registration(Bob, Flow(1), Noon.AddMinutes(60), false, Phone, Noon)],
            await Views.ListRegistrationsAsync(Bob));
        Time.Advance(TimeSpan.FromMinutes(59.5));
        Assert.Equal("edge-2", Assert.Single(await Views.ListRegistrationsAsync(Bob)).Flow.EdgeId);
    }

    [Fact]
    public async Task Registrations_OfAllAccounts_EachOnceHoweverSmallThePages()
    {
        AccountAddress[] online = [.. Enumerable.Range(0, 12).Select(static i => Address($"user-{i}"))];
        foreach (AccountAddress account in online)
        {
            await Core.Accounts.CreateAsync(account, "secret");
            await Store.RegisterAsync(account, Bind(Flow(1)), 0, true, Phone);
        }

        foreach (int size in (int[])[1, 5, 1_000])
        {
            List<AccountAddress> listed = [];
            string token = string.Empty;
            do
            {
                Page<Registration> page = await Views.ListRegistrationsAsync(size, token);
                listed.AddRange(page.Items.Select(static r => r.Account));
                token = page.NextPageToken;
            }
            while (token.Length > 0);
            Assert.Equal(online.Select(static a => a.User).Order(), listed.Select(static a => a.User).Order());
        }
    }

    private Task RegisterAsync(FlowId flow, ClientSession client, string device = "phone") => Store.RegisterAsync(Bob, Bind(flow, device), 0, true, client);
}

/// <inheritdoc cref="SessionLogTests"/>
public sealed class SessionLogOnRedisTests(RedisFixture fixture) : SessionLogTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc cref="SessionLogTests"/>
public sealed class SessionLogOnGarnetTests(GarnetFixture fixture) : SessionLogTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc cref="SessionLogTests"/>
public sealed class SessionLogOnClusterTests(ClusterFixture fixture) : SessionLogTests(fixture), IClassFixture<ClusterFixture>;
