using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Mailboxes;

/// <summary>Bindings, tries and what the sweeper does about them, on every server that the store runs on.</summary>
public abstract class BindingTests(ServerFixture fixture) : StoreTest(fixture)
{
    [Fact]   // spec D: one binding is active, the newest registration's
    [Spec("D.devices")]
    public async Task Register_SecondDevice_BecomesActive()
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2), "tablet");
        Assert.Equal(Flow(2), (await SendAsync("hello")).Push!.Flow);
        Assert.Empty((await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
    }

    [Fact]
    [Spec("D.devices")]
    public async Task Register_SameDeviceOnNewConnection_ReplacesItsBinding()
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2), "phone");
        await Store.UnregisterAsync(Bob, Flow(2));
        Assert.Null((await SendAsync("hello")).Push);   // nothing is left of the first
    }

    [Fact]
    [Spec("D.devices")]
    public async Task Register_SixDevices_OldestDropped()
    {
        for (ulong i = 1; i <= 6; i++) await RegisterAsync(Flow(i), $"device{i}");
        for (ulong i = 6; i >= 2; i--)
        {
            Assert.Equal(Flow(i), (await SendAsync($"{i}")).Push!.Flow);
            await Store.UnregisterAsync(Bob, Flow(i));
        }

        Assert.Null((await SendAsync("none left")).Push);
    }

    [Fact]
    [Spec("D.by-account")]
    public async Task Register_PastItsExpiry_NotPushedTo()
    {
        await Store.RegisterAsync(Bob, Bind(Flow(1), seconds: 60), 0, true);
        Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Null((await SendAsync("hello")).Push);
    }

    [Fact]   // design, "Fencing"
    public async Task Register_OfEdgesEarlierStart_Dropped()
    {
        await RegisterAsync(Flow(1, epoch: 5));
        await AcceptedAsync("hello");
        Assert.Empty((await RegisterAsync(Flow(9, epoch: 4), "tablet")).Messages);
        Assert.Equal(Flow(1, epoch: 5), (await SendAsync("more")).Push!.Flow);
    }

    [Fact]
    public async Task Register_EdgeStartedAgain_EarlierBindingsGone()
    {
        await RegisterAsync(Flow(1, epoch: 4), "phone");
        await RegisterAsync(Flow(1, epoch: 5), "tablet");
        await Store.UnregisterAsync(Bob, Flow(1, epoch: 5));
        Assert.Null((await SendAsync("hello")).Push);
    }

    [Fact]   // RFC 5626: both connections of a device are up; the client's last REGISTER says where it is
    [Spec("D.devices")]
    public async Task Register_SameDeviceBackOnEarlierConnection_IsTheOne()
    {
        await RegisterAsync(Flow(5));
        await RegisterAsync(Flow(9));
        await RegisterAsync(Flow(5));
        await Store.UnregisterAsync(Bob, Flow(9));
        Assert.Equal(Flow(5), (await SendAsync("hello")).Push!.Flow);
    }

    [Fact]   // six devices, each renewed without the client's doing: the one that was dropped must not come back as the newest
    [Spec("D.devices")]
    public async Task Register_RenewalOfADroppedDevice_DoesNotBecomeActive()
    {
        for (ulong i = 1; i <= 6; i++) await RegisterAsync(Flow(i), $"device{i}");
        await RegisterAsync(Flow(1), "device1", byClient: false);
        Assert.Equal(Flow(6), (await SendAsync("hello")).Push!.Flow);
    }

    [Fact]   // a snapshot after a cut must not take the device back
    [Spec("D.devices")]
    public async Task Register_SnapshotOfEarlierConnection_Dropped()
    {
        await RegisterAsync(Flow(9));
        await RegisterAsync(Flow(5), byClient: false);
        Assert.Equal(Flow(9), (await SendAsync("hello")).Push!.Flow);
    }

    [Fact]
    public async Task Register_SnapshotOfDeviceThatMovedOn_Dropped()
    {
        await RegisterAsync(Flow(1, "edge-2"));
        await RegisterAsync(Flow(7, "edge-1"), byClient: false);
        Assert.Equal(Flow(1, "edge-2"), (await SendAsync("hello")).Push!.Flow);
    }

    [Fact]
    [Spec("D.devices")]
    public async Task Register_SnapshotOfSecondDevice_KeepsItsPlace()
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2), "tablet");
        await RegisterAsync(Flow(1), "phone", byClient: false);
        Assert.Equal(Flow(2), (await SendAsync("hello")).Push!.Flow);
    }

    [Fact]
    public async Task Register_WithoutAccount_NotBound()
    {
        await Core.Accounts.DeleteAsync(Bob);
        Assert.Null(await Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true));
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Bindings(Core.Names.Account(Bob))));
    }

    [Fact]
    public async Task Unregister_OfAnotherFlow_LeftAlone()
    {
        await RegisterAsync(Flow(1));
        await Store.UnregisterAsync(Bob, Flow(2));
        await Store.UnregisterAsync(Bob, Flow(1, epoch: 2));
        await Store.UnregisterAsync(Bob, Flow(1, "edge-2"));
        Assert.Equal(Flow(1), (await SendAsync("hello")).Push!.Flow);
    }

    [Fact]   // spec D: when its flow ends the next newest becomes active and gets the first page
    [Spec("D.devices")]
    public async Task Unregister_ActiveFlow_NextGetsPageFromSweeper()
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2), "tablet");
        await AcceptedAsync("one");
        await AcceptedAsync("two");
        await Store.UnregisterAsync(Bob, Flow(2));
        await Core.Sweeper.SweepOnceAsync();
        (FlowId flow, _, MailboxPage page, _) = Assert.Single(Core.Port.Pushes);
        Assert.Equal(Flow(1), flow);
        Assert.Equal(["one", "two"], Texts(page));
    }

    [Fact]   // spec B2: 5 tries, 30 s apart, then wait for the next registration
    [Spec("B2")]
    public async Task Fail_FiveTimes_ThirtySecondsApartThenWaits()
    {
        await RegisterAsync(Flow(1));
        MessageKey key = await AcceptedAsync("hello");
        for (int attempt = 1; attempt <= 5; attempt++)
        {
            await Store.FailAsync(key, Flow(1), attempt);
            Time.Advance(TimeSpan.FromSeconds(29));
            await Core.Sweeper.SweepOnceAsync();
            Assert.Equal(attempt - 1, Core.Port.Pushes.Count);   // not yet
            Time.Advance(TimeSpan.FromSeconds(2));
            await Core.Sweeper.SweepOnceAsync();
            if (attempt < 5) Assert.Equal(attempt + 1, Core.Port.Pushes.Last().Page.Messages.Single().Attempt);
        }

        Time.Advance(TimeSpan.FromMinutes(10));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(4, Core.Port.Pushes.Count);
        Assert.Empty((await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);

        QueuedMessage again = Assert.Single((await RegisterAsync(Flow(1), after: long.MaxValue / 4)).Messages);   // a refresh counts as a registration
        Assert.Equal(1, again.Attempt);
    }

    [Fact]
    [Spec("B2")]
    public async Task Fail_RepeatedOrFromElsewhere_DoesNotCount()
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2), "tablet");
        MessageKey key = await AcceptedAsync("hello");
        await Store.FailAsync(key, Flow(1), 1);                // not the active flow
        await Store.FailAsync(key, Flow(2), 2);                // not the stored count + 1
        QueuedMessage untried = Assert.Single((await Store.ReadPageAsync(Bob, Flow(2), 0)).Messages);
        Assert.Equal((1, true), (untried.Attempt, untried.EndsUntold));
        await Store.FailAsync(key, Flow(2), 1);
        await Store.FailAsync(key, Flow(2), 1);                // a repeated report
        Time.Advance(TimeSpan.FromSeconds(31));
        QueuedMessage tried = Assert.Single((await Store.ReadPageAsync(Bob, Flow(2), 0)).Messages);
        Assert.Equal((2, false), (tried.Attempt, tried.EndsUntold));   // its end is not told in one step: there are tries to forget
        await Store.EndAsync(key, MessageState.Delivered);
        await Store.FailAsync(key, Flow(2), 2);                // waits no more
        Assert.Equal(MessageState.Delivered, await StateAsync(key));
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Tries(Core.Names.Account(Bob))));
    }

    [Fact]
    [Spec("S18")]
    public async Task Fail_AndEndsInTheSameTurn_NoTryIsLeft()
    {
        await RegisterAsync(Flow(1));
        MessageKey[] keys = [await AcceptedAsync("one"), await AcceptedAsync("two"), await AcceptedAsync("three")];
        List<Task> asked = [Store.ReadPageAsync(Bob, Flow(1), 0)];
        foreach (MessageKey key in keys)
        {
            asked.Add(Store.FailAsync(key, Flow(1), 1));
            asked.Add(Store.EndAsync(key, MessageState.Delivered));
        }

        await Task.WhenAll(asked);
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Tries(Core.Names.Account(Bob))));
        Assert.Empty((await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
    }

    [Fact]   // two copies of one message: one fails, the other is delivered, and its end looks at nothing
    [Spec("S18")]
    public async Task End_WhoseOtherCopyHasFailed_LeavesNothingBehindARegistration()
    {
        await RegisterAsync(Flow(1));
        MessageKey key = await AcceptedAsync("hello");
        MessageTimes? times = await TimesAsync(key);
        await Store.FailAsync(key, Flow(1), 1);
        Assert.Equal(MessageState.Delivered, (await Store.EndAsync(key, MessageState.Delivered, untold: times))!.State);
        await AcceptedAsync("next");
        Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(["next"], Texts(await Store.ReadPageAsync(Bob, Flow(1), 0)));
        Assert.Equal(["next"], Texts(await RegisterAsync(Flow(1))));
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Tries(Core.Names.Account(Bob))));
    }

    [Fact]   // it stood in line for longer than it was for
    public async Task Register_RanOutOnItsWay_BindsNothing()
    {
        await AcceptedAsync("hello");
        MailboxPage page = (await Store.RegisterAsync(Bob, new Binding(Flow(1), "phone", Time.GetUtcNow()), after: 7, forgetTries: true))!;
        Assert.Equal((7, 7, false, 0), (page.After, page.Upto, page.More, page.Messages.Count));
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Bindings(Core.Names.Account(Bob))));
    }

    [Fact]   // spec D: a message that failed steps aside, the next ones go on
    [Spec("D.order")]
    public async Task Fail_OneOfThree_OthersInPage()
    {
        await RegisterAsync(Flow(1));
        MessageKey first = await AcceptedAsync("one");
        await AcceptedAsync("two");
        await AcceptedAsync("three");
        await Store.FailAsync(first, Flow(1), 1);
        MailboxPage page = await Store.ReadPageAsync(Bob, Flow(1), 0);
        Assert.Equal(["two", "three"], Texts(page));
        Assert.Equal(page.Messages[^1].Sequence, page.Upto);
    }

    [Fact]   // a full page of messages that step aside must not hide the next ones
    [Spec("D.order")]
    public async Task ReadPage_FirstPageNotDue_GoesOnBehind()
    {
        await RegisterAsync(Flow(1));
        for (int i = 0; i < 40; i++) await Store.FailAsync(await AcceptedAsync($"{i}"), Flow(1), 1);
        await AcceptedAsync("behind");
        MailboxPage page = await Store.ReadPageAsync(Bob, Flow(1), 0);
        Assert.Equal(["behind"], Texts(page));
        Assert.False(page.More);
    }

    [Fact]   // spec D: a message that used its tries on a device: the next newest gets its turn, once
    [Spec("D.devices", "B2")]
    public async Task Fail_TriesUsedUp_NextDeviceThenWaits()
    {
        await RegisterAsync(Flow(1), "phone");
        await RegisterAsync(Flow(2), "tablet");
        MessageKey key = await AcceptedAsync("hello");
        for (int attempt = 1; attempt <= 5; attempt++) await Store.FailAsync(key, Flow(2), attempt);
        await Core.Sweeper.SweepOnceAsync();
        (FlowId flow, _, MailboxPage page, _) = Assert.Single(Core.Port.Pushes);
        Assert.Equal((Flow(1), 1), (flow, page.Messages.Single().Attempt));
        for (int attempt = 1; attempt <= 5; attempt++) await Store.FailAsync(key, Flow(1), attempt);
        Time.Advance(TimeSpan.FromMinutes(5));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Single(Core.Port.Pushes);   // every device had its tries
        Assert.Single((await RegisterAsync(Flow(2), "tablet")).Messages);
    }

    [Theory]   // its turn is over, its binding is not: it is there when the others are gone
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [Spec("D.devices")]
    public async Task Fail_TriesUsedUp_BindingStaysBehindTheOthers(int devices)
    {
        for (int i = 1; i <= devices; i++) await RegisterAsync(Flow((ulong)i), $"device{i}");
        MessageKey key = await AcceptedAsync("hello");
        for (int attempt = 1; attempt <= 5; attempt++) await Store.FailAsync(key, Flow((ulong)devices), attempt);
        for (int i = devices - 1; i >= 1; i--)
        {
            Assert.Equal(Flow((ulong)i), (await SendAsync($"{i}")).Push!.Flow);
            await Store.UnregisterAsync(Bob, Flow((ulong)i));
        }

        Assert.Equal(Flow((ulong)devices), (await SendAsync("last")).Push!.Flow);
    }

    [Fact]   // spec S16: looked at again within 45 s although the core that accepted it dies, and then the one that sweeps
    [Spec("S16")]
    public async Task Sweep_BothCoresDead_AnotherPushesWithin45Seconds()
    {
        TestCore sweeping = await StartCoreAsync("core-2");
        TestCore heir = await StartCoreAsync("core-3");
        await sweeping.Sweeper.SweepOnceAsync();
        Assert.Equal(SweepLeases.Shares, sweeping.Leases.Held.Count);

        await RegisterAsync(Flow(1));
        Assert.NotNull((await SendAsync("hello")).Push);   // and is never pushed: the core is dead
        int waited = 0;
        while (heir.Port.Pushes.IsEmpty)
        {
            Assert.True(++waited <= 45, "not looked at within 45 s");
            Time.Advance(TimeSpan.FromSeconds(1));
            if (waited <= 32) await sweeping.Sweeper.SweepOnceAsync();   // dies one second before its look, its leases just renewed
            if (waited == 38) await ExpireLeasesAsync();                 // Redis' clock stands still in this test: what lapses by now is taken out
            if (waited > 32) await heir.Sweeper.SweepOnceAsync();
        }

        Assert.InRange(waited, 38, 45);
        Assert.Equal(["hello"], heir.Port.Texts);

        async Task ExpireLeasesAsync()
        {
            for (int share = 0; share < SweepLeases.Shares; share++) await Core.Redis.KeyDeleteAsync(RedisKeys.Lease(share));
        }
    }

    [Fact]
    [Spec("S16")]
    public async Task Sweep_NotYetDue_NotPushedTwice()
    {
        await RegisterAsync(Flow(1));
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(32));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Empty(Core.Port.Pushes);
        Time.Advance(TimeSpan.FromSeconds(2));
        await Core.Sweeper.SweepOnceAsync();
        await Core.Sweeper.SweepOnceAsync();
        Assert.Single(Core.Port.Pushes);
        Time.Advance(TimeSpan.FromSeconds(34));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(2, Core.Port.Pushes.Count);   // still waiting: again after 33 s
    }

    [Fact]
    [Spec("S16")]
    public async Task Sweep_EdgeWithoutLink_LookedAtAgainAfter5Seconds()
    {
        Core.Port.IsConnected = false;
        await Core.Get<IEdgeEpochs>().SeenAsync("edge-1");   // by some core
        await RegisterAsync(Flow(1));
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(34));
        await Core.Sweeper.SweepOnceAsync();
        Core.Port.IsConnected = true;
        await Core.Sweeper.SweepOnceAsync();
        Assert.Empty(Core.Port.Pushes);
        Time.Advance(TimeSpan.FromSeconds(5));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(["hello"], Core.Port.Texts);
    }

    [Fact]   // the sweeping core has lost its link to the edge, another has one: no hint between them, nobody may publish
    [Spec("S16", "P7")]
    public async Task Sweep_AnotherCoreHasTheLink_ThatOnePushesAtItsNextSweep()
    {
        TestCore other = await StartCoreAsync("core-2");
        await Core.Sweeper.SweepOnceAsync();
        Core.Port.IsConnected = false;
        await Core.Get<IEdgeEpochs>().SeenAsync("edge-1");
        await RegisterAsync(Flow(1));
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(33));
        await WithoutPublishAsync(async () =>
        {
            await Core.Sweeper.SweepOnceAsync();
            await other.Sweeper.SweepOnceAsync();
            await other.Sweeper.SweepOnceAsync();
        });
        Assert.Equal(["hello"], other.Port.Texts);
        Time.Advance(TimeSpan.FromSeconds(6));
        await Core.Sweeper.SweepOnceAsync();
        await other.Sweeper.SweepOnceAsync();
        Assert.Single(other.Port.Pushes);   // pushed: again after 33 s
    }

    [Fact]   // the newest device was at an edge that is gone: the next newest gets its turn, not an hour later
    [Spec("S16", "D.devices")]
    public async Task Sweep_EdgeGone_NextDevicesTurn()
    {
        IEdgeEpochs epochs = Core.Get<IEdgeEpochs>();
        await epochs.SeenAsync("edge-2");
        await RegisterAsync(Flow(1, "edge-2"), "tablet");
        await RegisterAsync(Flow(1, "edge-1"), "phone");
        Core.Port.Unreached.Add("edge-1");
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(34));
        await Core.Sweeper.SweepOnceAsync();
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(Flow(1, "edge-2"), Assert.Single(Core.Port.Pushes).Flow);
    }

    [Fact]   // the edges link to a core only after it has begun to sweep
    [Spec("S16", "D.devices")]
    public async Task Sweep_CoreJustStarted_NoEdgeIsTakenForGone()
    {
        await Core.Get<IEdgeEpochs>().SeenAsync("edge-2");
        await RegisterAsync(Flow(1, "edge-2"), "tablet");
        await RegisterAsync(Flow(1, "edge-1"), "phone");
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(34));
        TestCore fresh = await StartCoreAsync("core-2");
        fresh.Port.Unreached.Add("edge-1");
        await fresh.Sweeper.SweepOnceAsync();
        await fresh.Sweeper.SweepOnceAsync();
        Assert.Empty(fresh.Port.Pushes);
        fresh.Port.Unreached.Clear();   // its link is up
        Time.Advance(TimeSpan.FromSeconds(34));
        await fresh.Sweeper.SweepOnceAsync();
        Assert.Equal(Flow(1, "edge-1"), Assert.Single(fresh.Port.Pushes).Flow);
    }

    [Theory]   // a receiving stream ended while Redis was away: its core knows, its binding is still there
    [InlineData(true)]
    [InlineData(false)]   // another core sweeps and asks that one to look
    [Spec("S16", "D.devices")]
    public async Task Sweep_FlowOfThisCoreHasEnded_NextDevicesTurn(bool ownSweep)
    {
        TestCore other = await StartCoreAsync("core-2");
        TestCore holder = ownSweep ? Core : other;
        await Core.Sweeper.SweepOnceAsync();
        FlowId ended = Flow(1, "api:core");
        await Core.Get<IEdgeEpochs>().SeenAsync("api:core");
        await RegisterAsync(Flow(1, "edge-2"), "tablet");
        await RegisterAsync(ended, "stream");
        holder.Port.Ended.Add(ended);
        Core.Port.Unreached.Add("api:core");
        other.Port.Unreached.Add("api:core");
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(34));
        await EventuallyAsync(
            async () =>
            {
                await Core.Sweeper.SweepOnceAsync();
                await other.Sweeper.SweepOnceAsync();
                return Core.Port.Pushes.Concat(other.Port.Pushes).Any(push => push.Flow == Flow(1, "edge-2"));
            },
            "the next device gets it");
    }

    [Fact]   // the edge is back, but as a new process: bindings of the old one lead nowhere
    [Spec("S16", "D.devices")]
    public async Task Sweep_EdgeStartedAnew_NextDevicesTurn()
    {
        IEdgeEpochs epochs = Core.Get<IEdgeEpochs>();
        long old = await epochs.EpochOfAsync("edge-1", Guid.NewGuid().ToByteArray());
        await RegisterAsync(Flow(1, "edge-2"), "tablet");
        await RegisterAsync(Flow(1, "edge-1", old), "phone");
        await epochs.EpochOfAsync("edge-1", Guid.NewGuid().ToByteArray());
        await epochs.SeenAsync("edge-1");
        Core.Port.Unreached.Add("edge-1");
        await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(34));
        await Core.Sweeper.SweepOnceAsync();
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(Flow(1, "edge-2"), Assert.Single(Core.Port.Pushes).Flow);
    }

    [Fact]   // the active binding lapses, its edge says so a moment later
    [Spec("D.devices")]
    public async Task Unregister_AfterItLapsed_NextGetsPageFromSweeper()
    {
        await RegisterAsync(Flow(1), "phone");
        await Store.RegisterAsync(Bob, Bind(Flow(2), "tablet", seconds: 60), 0, true);
        MessageKey key = await AcceptedAsync("hello");
        for (int attempt = 1; attempt <= 3; attempt++) await Store.FailAsync(key, Flow(2), attempt);
        Time.Advance(TimeSpan.FromSeconds(61));
        await Store.UnregisterAsync(Bob, Flow(2));
        await Core.Sweeper.SweepOnceAsync();
        (FlowId flow, _, MailboxPage page, _) = Assert.Single(Core.Port.Pushes);
        Assert.Equal((Flow(1), 1, true), (flow, page.Messages.Single().Attempt, page.Messages.Single().Retry));
    }

    [Fact]   // many messages that a device answered 480 to: all come again at its next REGISTER, in order, by pages
    [Spec("S15", "S16")]
    public async Task Register_ManyHadFailed_PageBeginsInFrontOfThem()
    {
        await RegisterAsync(Flow(1));
        List<string> sent = [];
        for (int i = 0; i < 90; i++)
        {
            sent.Add($"{i}");
            await Store.FailAsync(await AcceptedAsync(sent[^1]), Flow(1), 1);
        }

        long highest = (await SendAsync("last")).Push!.Message.Sequence;
        sent.Add("last");
        MailboxPage page = await RegisterAsync(Flow(1), after: highest);
        List<string> again = [.. Texts(page)];
        Assert.True(page.More);
        while (page.More)
        {
            page = await Store.ReadPageAsync(Bob, Flow(1), page.Upto);
            Assert.All(page.Messages.Where(m => m.Sequence < highest), m => Assert.Equal((1, true), (m.Attempt, m.Retry)));
            again.AddRange(Texts(page));
        }

        Assert.Equal(sent, again);
    }

    [Fact]   // a counter set back by a failover must not number below what edges have sent
    [Spec("D.order")]
    public async Task Sequence_CounterSetBack_GoesOnAbove()
    {
        await RegisterAsync(Flow(1));
        long before = 0;
        for (int i = 0; i < 10; i++) before = (await SendAsync($"{i}")).Push!.Message.Sequence;
        Time.Advance(TimeSpan.FromSeconds(1));
        await Core.Redis.StringSetAsync(SequenceOf(Bob), before - 10);
        Assert.True((await SendAsync("after")).Push!.Message.Sequence > before);
    }

    [Fact]   // promise P7: one sick part does not stop the others
    [Spec("D.order", "P7")]
    public async Task Sweep_OneMailboxSpoilt_OthersPushed()
    {
        await Store.RegisterAsync(Carol, Bind(Flow(2)), 0, true);
        await RegisterAsync(Flow(1));
        await AcceptedAsync("spoilt");
        await AcceptedAsync("whole", to: Carol);
        await Core.Redis.StringSetAsync(RedisKeys.Tries(Core.Names.Account(Bob)), "not a hash");
        Time.Advance(TimeSpan.FromSeconds(34));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(["whole"], Core.Port.Texts);
    }

    [Fact]
    public async Task Register_RanOutOnItsWay_NotBound()
    {
        await AcceptedAsync("hello");
        Assert.Empty((await Store.RegisterAsync(Bob, Bind(Flow(1), seconds: 0), 0, true))!.Messages);
        Assert.Null((await SendAsync("more")).Push);
    }

    [Fact]
    public async Task Sweep_NothingWaitsAnyMore_OutOfBusy()
    {
        await RegisterAsync(Flow(1));
        await Store.EndAsync(await AcceptedAsync("hello"), MessageState.Delivered);
        int partition = Core.Names.Account(Bob).Partition;
        Assert.Equal(1, await Core.Redis.SortedSetLengthAsync(RedisKeys.Busy(partition)));
        Time.Advance(TimeSpan.FromSeconds(34));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(0, await Core.Redis.SortedSetLengthAsync(RedisKeys.Busy(partition)));
        Assert.Empty(Core.Port.Pushes);
    }

    [Fact]
    public async Task Leases_TwoCores_HalfEach_AndAllAfterAPlannedStop()
    {
        TestCore first = await StartCoreAsync("core-2");
        TestCore second = await StartCoreAsync("core-3");
        await first.Leases.TendAsync();
        Assert.Equal(64, first.Leases.Held.Count);
        await second.Leases.TendAsync();
        Assert.Empty(second.Leases.Held);
        Time.Advance(TimeSpan.FromSeconds(3));
        await first.Leases.TendAsync();
        await second.Leases.TendAsync();
        await second.Leases.TendAsync();
        Time.Advance(TimeSpan.FromSeconds(3));
        await second.Leases.TendAsync();
        Assert.Equal((32, 32), (first.Leases.Held.Count, second.Leases.Held.Count));
        Assert.Equal(StoreNames.Partitions, first.Leases.Partitions.Union(second.Leases.Partitions).Count());

        await first.Leases.ReleaseAllAsync();
        Time.Advance(TimeSpan.FromSeconds(3));
        await second.Leases.TendAsync();
        Assert.Equal(64, second.Leases.Held.Count);
    }

    [Fact]   // spec D: deleting an account ends its queue as INVALID_RECIPIENT
    [Spec("D.accounts", "B1")]
    public async Task DeleteAccount_WithQueue_EndedAndUnbound()
    {
        await RegisterAsync(Flow(1));
        List<MessageKey> keys = [];
        for (int i = 0; i < 10; i++) keys.Add(await AcceptedAsync($"{i}"));
        Assert.Equal(10, await Core.Accounts.DeleteAsync(Bob));
        foreach (MessageKey key in keys) Assert.Equal(MessageState.InvalidRecipient, await StateAsync(key));
        Assert.Null(await Core.Accounts.DeleteAsync(Bob));
        Assert.Equal(AcceptOutcome.UnknownRecipient, (await SendAsync("late")).Outcome);
        await Core.Accounts.CreateAsync(Bob, "again");
        Assert.Empty((await RegisterAsync(Flow(2))).Messages);
    }

    [Fact]   // the deleting core died between the two steps
    [Spec("D.accounts")]
    public async Task DeleteAccount_CutShort_SweeperEndsTheQueue()
    {
        MessageKey key = await AcceptedAsync("hello");
        AccountName bob = Core.Names.Account(Bob);
        await Core.Redis.HashDeleteAsync(RedisKeys.Accounts(bob.Partition), bob.Handle);
        await Core.Redis.SortedSetAddAsync(RedisKeys.Busy(bob.Partition), bob.Handle, 0);
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(MessageState.InvalidRecipient, await StateAsync(key));
    }

    [Fact]
    public async Task Epochs_SameInstanceSame_NewInstanceHigher()
    {
        IEdgeEpochs epochs = Core.Get<IEdgeEpochs>();
        byte[] one = Guid.NewGuid().ToByteArray(), two = Guid.NewGuid().ToByteArray();
        long first = await epochs.EpochOfAsync("edge-1", one);
        long second = await epochs.EpochOfAsync("edge-1", two);
        Assert.True(second > first);
        Assert.Equal(first, await (await StartCoreAsync("core-2")).Get<IEdgeEpochs>().EpochOfAsync("edge-1", one));
        Assert.Equal(second, await epochs.EpochOfAsync("edge-1", two));
    }

    [Fact]
    public async Task Epochs_ManyStarts_OnlyTheLastAreKept()
    {
        IEdgeEpochs epochs = Core.Get<IEdgeEpochs>();
        long last = 0;
        for (int i = 0; i < 40; i++)
        {
            long next = await epochs.EpochOfAsync("edge-1", Guid.NewGuid().ToByteArray());
            Assert.True(next > last);
            last = next;
        }

        Assert.Equal(17, await Core.Redis.HashLengthAsync(RedisKeys.Epochs(Core.Names.Edge("edge-1"))));
    }

    [Fact]   // a core that is started under another name each time leaves nothing for ever; one that is linked is never forgotten
    public async Task Epochs_NoLinkForThirtyDays_Forgotten()
    {
        IEdgeEpochs epochs = Core.Get<IEdgeEpochs>();
        StackExchange.Redis.RedisKey key = RedisKeys.Epochs(Core.Names.Edge("edge-1"));
        byte[] instance = Guid.NewGuid().ToByteArray();
        foreach (Func<Task> sign in new Func<Task>[] { () => epochs.EpochOfAsync("edge-1", instance), () => epochs.EpochOfAsync("edge-1", instance), () => epochs.SeenAsync("edge-1") })
        {
            await sign();
            Assert.InRange((await Core.Redis.KeyTimeToLiveAsync(key))!.Value, TimeSpan.FromDays(29.9), TimeSpan.FromDays(30));
            await Core.Redis.KeyExpireAsync(key, TimeSpan.FromHours(1));
        }
    }

    [Fact]   // the interface's promise: calls made without awaiting reach Redis in order
    public async Task Calls_WithoutAwaiting_TakeEffectInOrder()
    {
        await RegisterAsync(Flow(1));
        MessageKey key = await AcceptedAsync("hello");
        for (int i = 0; i < 50; i++)
        {
            Task<MailboxPage> register = RegisterAsync(Flow((ulong)i + 2));
            Task end = Store.EndAsync(key, MessageState.Delivered);
            Task<MailboxPage> page = Store.ReadPageAsync(Bob, Flow((ulong)i + 2), 0);
            Task unregister = Store.UnregisterAsync(Bob, Flow((ulong)i + 2));
            Task<MailboxPage> late = Store.ReadPageAsync(Bob, Flow((ulong)i + 2), 0);
            await Task.WhenAll(register, end, page, unregister, late);
            Assert.Empty((await page).Messages);   // the end came before
            key = await AcceptedAsync($"{i}");
        }
    }

    /// <summary>Does something while no core may publish, where the server can forbid it.</summary>
    protected virtual Task WithoutPublishAsync(Func<Task> act) => act();
}

/// <inheritdoc/>
public sealed class BindingOnRedisTests(RedisFixture fixture) : BindingTests(fixture), IClassFixture<RedisFixture>
{
    protected override async Task WithoutPublishAsync(Func<Task> act)
    {
        StackExchange.Redis.IServer server = Fixture.Admin.GetServers()[0];
        await server.ExecuteAsync("ACL", "SETUSER", "default", "-publish");
        await act();
        await server.ExecuteAsync("ACL", "SETUSER", "default", "+publish");
    }
}

/// <inheritdoc/>
public sealed class BindingOnGarnetTests(GarnetFixture fixture) : BindingTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc/>
public sealed class BindingOnClusterTests(ClusterFixture fixture) : BindingTests(fixture), IClassFixture<ClusterFixture>;
