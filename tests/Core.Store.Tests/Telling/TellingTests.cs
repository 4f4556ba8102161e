using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Core.Store.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Telling;

/// <summary>Senders learn of every end: by the list that status streams read, and by receipts. On every server that the store runs on.</summary>
[Spec("D.told")]
public abstract class TellingTests(ServerFixture fixture) : StoreTest(fixture)
{
    private IStatusFeed Feed => Core.Get<IStatusFeed>();

    [Fact]
    public async Task Feed_EveryEnd_ToldInOrder()
    {
        long start = await Feed.OpenAsync(Alice);
        MessageKey delivered = await AcceptedAsync("delivered");
        MessageKey refused = await AcceptedAsync("refused");
        MessageKey expired = await AcceptedAsync("expired");
        await Store.EndAsync(refused, MessageState.InvalidDevice);
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.EndAsync(delivered, MessageState.Delivered);
        Time.Advance(TimeSpan.FromHours(72));
        await Core.Sweeper.SweepOnceAsync();
        StatusPage page = await Feed.ReadAsync(Alice, start);
        Assert.Equal(
            [
                new StatusChange(refused.MessageId, MessageState.InvalidDevice, Noon),
                new StatusChange(delivered.MessageId, MessageState.Delivered, Noon.AddMinutes(1)),
                new StatusChange(expired.MessageId, MessageState.Expired, Noon.AddMinutes(1).AddHours(72)),
            ],
            page.Changes);
        Assert.Equal((false, false), (page.More, page.Reset));
        Assert.Empty((await Feed.ReadAsync(Alice, page.Upto)).Changes);
    }

    [Fact]
    [Spec("D.accounts")]
    public async Task Feed_RecipientDeleted_SendersTold()
    {
        long start = await Feed.OpenAsync(Alice);
        List<Guid> ids = [];
        for (int i = 0; i < 90; i++) ids.Add((await AcceptedAsync($"{i}")).MessageId);
        await Core.Accounts.DeleteAsync(Bob);
        StatusPage page = await Feed.ReadAsync(Alice, start);
        Assert.Equal(ids.Order(), page.Changes.Select(c => c.MessageId).Order());
        Assert.All(page.Changes, c => Assert.Equal(MessageState.InvalidRecipient, c.State));
    }

    [Fact]   // not asked, not paid for
    public async Task Feed_SenderWithoutStream_NothingKept()
    {
        await Store.EndAsync(await AcceptedAsync("hello"), MessageState.Delivered);
        AccountName alice = Core.Names.Account(Alice);
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Told(alice)));
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.ToTell(Core.Names.Account(Bob).Partition)));
        Assert.True((await Feed.ReadAsync(Alice, 0)).Reset);
    }

    [Fact]   // spec S27: forward only, and a late 2xx is told again
    [Spec("S27")]
    public async Task Feed_LateDelivery_ToldAgainNeverBack()
    {
        long start = await Feed.OpenAsync(Alice);
        MessageKey key = await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromHours(73));
        await Core.Sweeper.SweepOnceAsync();
        await Store.EndAsync(key, MessageState.Delivered);
        await Store.EndAsync(key, MessageState.InvalidDevice);
        Assert.Equal([MessageState.Expired, MessageState.Delivered], (await Feed.ReadAsync(Alice, start)).Changes.Select(c => c.State));
    }

    [Fact]   // the core that ended it died before it told
    public async Task Feed_CoreDiesAfterTheEnd_SweeperTells()
    {
        long start = await Feed.OpenAsync(Alice);
        MessageKey key = await AcceptedAsync("hello");
        await EndWithoutTellingAsync(key, MessageState.Delivered);
        Assert.Empty((await Feed.ReadAsync(Alice, start)).Changes);
        Time.Advance(TimeSpan.FromSeconds(3));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal([key.MessageId], (await Feed.ReadAsync(Alice, start)).Changes.Select(c => c.MessageId));
        Time.Advance(TimeSpan.FromSeconds(3));
        await Core.Sweeper.SweepOnceAsync();
        int partition = Core.Names.Account(Bob).Partition;
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.ToTell(partition)));
        Assert.Null(await Core.Redis.SortedSetScoreAsync(RedisKeys.Busy(partition), "tell"));
    }

    [Fact]   // no core ran for longer than a record lasts: the safety net has removed it, the sender is told all the same
    [Spec("D.expired", "S17")]
    public async Task Expiry_RecordLongGone_StillTold()
    {
        long start = await Feed.OpenAsync(Alice);
        MessageKey watched = await AcceptedAsync("hello");
        MessageKey asked = await AcceptedWithReceiptsAsync(new ReceiptRequest("client id", true, true));
        foreach (MessageKey key in new[] { watched, asked })
            Assert.True(await Core.Redis.KeyDeleteAsync(RedisKeys.Record(Core.Names.Account(Bob).Partition, Core.Names.Message(Core.Names.Account(Alice), key.MessageId))));
        Time.Advance(TimeSpan.FromHours(80));
        await Core.Sweeper.SweepOnceAsync();
        StatusChange[] expected = [.. new[] { watched, asked }.Select(key => new StatusChange(key.MessageId, MessageState.Expired, Time.GetUtcNow()))];
        Assert.Equal(expected.OrderBy(c => c.MessageId), (await Feed.ReadAsync(Alice, start)).Changes.OrderBy(c => c.MessageId));
        Assert.Equal(new Receipt(asked.MessageId, "client id", MessageState.Expired, Noon, Time.GetUtcNow()), Assert.Single((await RegisterAliceAsync()).Messages).Receipt);
        Assert.Equal(MessageState.Expired, await StateAsync(watched));
    }

    [Fact]   // telling twice, by two cores at once, is telling once
    public async Task Feed_ToldByTwoCores_OneChange()
    {
        long start = await Feed.OpenAsync(Alice);
        TestCore other = await StartCoreAsync("core-2");
        for (int i = 0; i < 20; i++) await EndWithoutTellingAsync(await AcceptedAsync($"{i}"), MessageState.Delivered);
        int partition = Core.Names.Account(Bob).Partition;
        await Task.WhenAll(Core.Get<Teller>().TellDueAsync(partition), other.Get<Teller>().TellDueAsync(partition));
        Assert.Equal(20, (await Feed.ReadAsync(Alice, start)).Changes.Select(c => c.MessageId).Distinct().Count());
        Assert.Equal(20, (await Feed.ReadAsync(Alice, start)).Changes.Count);
    }

    [Fact]
    public async Task Feed_PagesOfHundred_EverythingOnce()
    {
        long at = await Feed.OpenAsync(Alice);
        HashSet<Guid> ids = [];
        for (int i = 0; i < 250; i++)
        {
            MessageKey key = await AcceptedAsync($"{i}");
            ids.Add(key.MessageId);
            await Store.EndAsync(key, MessageState.Delivered);
        }

        List<int> sizes = [];
        StatusPage page;
        do
        {
            page = await Feed.ReadAsync(Alice, at);
            sizes.Add(page.Changes.Count);
            foreach (StatusChange change in page.Changes) Assert.True(ids.Remove(change.MessageId));
            at = page.Upto;
        }
        while (page.More);
        Assert.Equal([100, 100, 50], sizes);
        Assert.Empty(ids);
    }

    [Fact]   // 1,000 changes are kept: a position below says so, one above misses nothing
    public async Task Feed_MoreThanThousand_OldPositionIsReset()
    {
        long start = await Feed.OpenAsync(Alice);
        await TellManyAsync(1);
        long second = (await Feed.ReadAsync(Alice, start)).Upto;
        await TellManyAsync(1_000);
        Assert.Equal((false, 100), ((await Feed.ReadAsync(Alice, second)).Reset, (await Feed.ReadAsync(Alice, second)).Changes.Count));
        Assert.True((await Feed.ReadAsync(Alice, start)).Reset);
        Assert.Equal(1_001, await Core.Redis.SortedSetLengthAsync(RedisKeys.Told(Core.Names.Account(Alice))));
    }

    [Fact]   // 7 days without a stream: the list is gone, and an old token says so
    public async Task Feed_ListEnded_OldPositionIsReset()
    {
        long start = await Feed.OpenAsync(Alice);
        await TellManyAsync(3);
        Assert.InRange((await Core.Redis.KeyTimeToLiveAsync(RedisKeys.Told(Core.Names.Account(Alice))))!.Value, TimeSpan.FromDays(6.99), TimeSpan.FromDays(7));
        await Core.Redis.KeyDeleteAsync(RedisKeys.Told(Core.Names.Account(Alice)));
        await Feed.OpenAsync(Alice);
        Assert.True((await Feed.ReadAsync(Alice, start)).Reset);
    }

    [Fact]   // a new account of the same name is not told of the earlier one's messages
    public async Task Feed_AccountDeletedAndMadeAnew_BeginsAnew()
    {
        long start = await Feed.OpenAsync(Alice);
        await TellManyAsync(3);
        await Core.Accounts.DeleteAsync(Alice);
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Told(Core.Names.Account(Alice))));
        await Core.Accounts.CreateAsync(Alice, "new");
        long anew = await Feed.OpenAsync(Alice);
        StatusPage page = await Feed.ReadAsync(Alice, start);
        Assert.Equal((true, 0, anew), (page.Reset, page.Changes.Count, page.Upto));
    }

    [Fact]
    public async Task Wakeup_OnAnotherCore_IsHeard()
    {
        TestCore other = await StartCoreAsync("core-2");
        await Feed.OpenAsync(Alice);
        int heard = 0, mine = 0;
        using IDisposable there = other.Get<IWakeups>().Subscribe(Alice, () => Interlocked.Increment(ref heard));
        using IDisposable here = Core.Get<IWakeups>().Subscribe(Alice, () => Interlocked.Increment(ref mine));
        await Store.EndAsync(await AcceptedAsync("hello"), MessageState.Delivered);
        Assert.Equal(1, mine);   // at once, without Redis
        await EventuallyAsync(() => Task.FromResult(Volatile.Read(ref heard) == 1), "the hint arrives");
        there.Dispose();
        Core.Get<IWakeups>().Wake(Alice);
        Assert.Equal((1, 2), (heard, mine));
    }

    [Fact]
    public async Task Receipt_AskedByPost_BareWithOurId()
    {
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest(string.Empty, true, true));
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.EndAsync(key, MessageState.Delivered);
        QueuedMessage receipt = Assert.Single((await RegisterAliceAsync()).Messages);
        Assert.Equal(new Receipt(key.MessageId, string.Empty, MessageState.Delivered, Noon, Noon.AddMinutes(1)), receipt.Receipt);
        Assert.Equal((Bob, Alice, 0), (receipt.Key.Sender, receipt.Key.Recipient, receipt.Text.Length));
    }

    [Fact]   // never a receipt for a receipt; a refused receipt is dropped
    public async Task Receipt_RefusedByDevice_Dropped()
    {
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest("client id", true, true));
        await Store.EndAsync(key, MessageState.Delivered);
        QueuedMessage receipt = Assert.Single((await RegisterAliceAsync()).Messages);
        await Store.EndAsync(receipt.Key, MessageState.InvalidDevice);
        Assert.Empty((await RegisterAliceAsync()).Messages);
        Assert.Empty((await RegisterAsync(Flow(1))).Messages);
        Assert.Equal(MessageState.Delivered, await StateAsync(key));
    }

    [Theory]
    [InlineData(true, false, MessageState.Delivered, 1)]
    [InlineData(true, false, MessageState.InvalidDevice, 0)]
    [InlineData(false, true, MessageState.Delivered, 0)]
    [InlineData(false, true, MessageState.InvalidDevice, 1)]
    [InlineData(true, true, MessageState.InvalidPayload, 1)]
    public async Task Receipt_OnlyWhatWasAskedFor(bool delivered, bool failed, MessageState end, int receipts)
    {
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest(new string('ä', 127), delivered, failed));
        await Store.EndAsync(key, end);
        MailboxPage page = await RegisterAliceAsync();
        Assert.Equal(receipts, page.Messages.Count);
        Assert.All(page.Messages, m => Assert.Equal((new string('ä', 127), end), (m.Receipt!.ClientId, m.Receipt.State)));
    }

    [Fact]   // the sender is registered: at once
    public async Task Receipt_SenderOnline_PushedAtOnce()
    {
        await RegisterAliceAsync();
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest(string.Empty, true, true));
        await Store.EndAsync(key, MessageState.Delivered);
        Assert.Equal(key.MessageId, Assert.Single(Core.Port.Pushes).Page.Messages.Single().Receipt!.MessageId);
    }

    [Fact]   // told twice, one receipt; and only one more for a late delivery
    public async Task Receipt_ToldTwice_OneForEachState()
    {
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest(string.Empty, true, true));
        Time.Advance(TimeSpan.FromHours(72));
        await EndWithoutTellingAsync(key, MessageState.Expired);
        int partition = Core.Names.Account(Bob).Partition;
        RedisValue entry = (await Core.Redis.SetMembersAsync(RedisKeys.ToTell(partition))).Single();
        for (int i = 0; i < 3; i++) await Core.Get<Teller>().TellAsync(partition, [(byte[])entry!]);
        await Store.EndAsync(key, MessageState.Delivered);
        await Core.Get<Teller>().TellAsync(partition, [(byte[])entry!]);
        Assert.Equal([MessageState.Expired, MessageState.Delivered], (await RegisterAliceAsync()).Messages.Select(m => m.Receipt!.State));
    }

    [Fact]   // outside the queue quota, with one of its own
    [Spec("N.quotas")]
    public async Task Receipt_QueueOfTextsFull_StillStored_AndTheOtherWayRound()
    {
        using LimitsOnDisk three = new("""{"queue": {"perRecipient": 3, "perSender": 3}}""");
        TestCore small = await StartCoreAsync("core-2", settings: [("LimitsFile", three.Path)]);
        for (int i = 0; i < 3; i++) await AcceptedAsync($"{i}", Carol, Alice);
        Assert.Equal(AcceptOutcome.QueueFull, (await small.Store.AcceptAsync(Message(Carol, Alice, "one more"))).Outcome);
        for (int i = 0; i < 5; i++) await Store.EndAsync(await AcceptedWithReceiptsAsync(new ReceiptRequest(string.Empty, true, true)), MessageState.Delivered);
        MailboxPage page = await RegisterAliceAsync();
        Assert.Equal(5, page.Messages.Count(m => m.Receipt is not null));
        await Store.EndAsync(page.Messages.First(m => m.Receipt is null).Key, MessageState.Delivered);
        Assert.Equal(AcceptOutcome.Accepted, (await small.Store.AcceptAsync(Message(Carol, Alice, "now"))).Outcome);
    }

    [Fact]   // their own quota holds whatever that of texts is
    [Spec("N.quotas")]
    public async Task Receipt_AThousandWait_NoMoreStored()
    {
        using LimitsOnDisk large = new("""{"queue": {"perRecipient": 2000, "perSender": 2000}}""");
        TestCore core = await StartCoreAsync("core-2", settings: [("LimitsFile", large.Path)]);
        RedisKey mailbox = RedisKeys.Mailbox(Core.Names.Account(Alice));
        await Core.Redis.SortedSetAddAsync(mailbox, [.. Enumerable.Range(1, 1_000).Select(ReceiptMember)]);
        await TellOneAsync();
        Assert.Equal(1_000, await Core.Redis.SortedSetLengthAsync(mailbox));

        await Core.Redis.SortedSetRemoveAsync(mailbox, ReceiptMember(1).Element);
        await TellOneAsync();
        Assert.Equal(1_000, await Core.Redis.SortedSetLengthAsync(mailbox));

        async Task TellOneAsync()
        {
            NewMessage message = Message(Alice, Bob, "hello") with { Receipts = new ReceiptRequest(string.Empty, true, true) };
            Assert.Equal(AcceptOutcome.Accepted, (await core.Store.AcceptAsync(message)).Outcome);
            await core.Store.EndAsync(new MessageKey(Alice, message.MessageId, Bob), MessageState.Delivered);
        }

        SortedSetEntry ReceiptMember(int number)
        {
            byte[] member = new byte[MailboxMember.Bytes];
            MailboxMember.WriteHead(member, Noon, Noon.AddHours(72), Core.Names.Account(Bob), MemberFlags.Receipt);
            BitConverter.TryWriteBytes(member.AsSpan(MailboxMember.HeadBytes), number);
            return new SortedSetEntry(member, number);
        }
    }

    [Fact]
    public async Task Receipt_SenderDeleted_Dropped()
    {
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest(string.Empty, true, true));
        await Core.Accounts.DeleteAsync(Alice);
        await Store.EndAsync(key, MessageState.Delivered);
        await Core.Accounts.CreateAsync(Alice, "new");
        Assert.Empty((await RegisterAliceAsync()).Messages);
    }

    [Fact]   // the core died between claim and enqueue: the repeat does not ask any more, but the first try did
    [Spec("D.one-id")]
    public async Task Receipt_FirstTryAskedAndDied_RepeatKeepsTheWish()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Core.ClaimAsync(message with { Receipts = new ReceiptRequest("client id", true, true) });
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(message)).Outcome);
        await Store.EndAsync(new MessageKey(Alice, message.MessageId, Bob), MessageState.Delivered);
        Assert.Equal("client id", Assert.Single((await RegisterAliceAsync()).Messages).Receipt!.ClientId);
    }

    [Fact]   // this core's key ring is behind: not told is not told
    public async Task Receipt_KeyMissing_StaysToBeTold()
    {
        MessageKey key = await AcceptedWithReceiptsAsync(new ReceiptRequest(string.Empty, true, true));
        AccountName alice = Core.Names.Account(Alice);
        RedisKey ledger = RedisKeys.Ledger(alice, Core.Names.Message(alice, key.MessageId)), totell = RedisKeys.ToTell(Core.Names.Account(Bob).Partition);
        byte[] entry = (await Core.Redis.StringGetAsync(ledger))!;
        await Core.Redis.StringSetRangeAsync(ledger, 48, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF });
        await Store.EndAsync(key, MessageState.Delivered);
        Assert.Equal(1, await Core.Redis.SetLengthAsync(totell));
        await Core.Redis.StringSetRangeAsync(ledger, 48, entry[48..52]);
        Time.Advance(TimeSpan.FromSeconds(3));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(key.MessageId, Assert.Single((await RegisterAliceAsync()).Messages).Receipt!.MessageId);
        Assert.Equal(0, await Core.Redis.SetLengthAsync(totell));
    }

    [Fact]   // nothing of the request can be read in Redis, and it does not open as another message's
    [Spec("S9")]
    public async Task ReceiptRequest_InLedger_SealedAndBound()
    {
        MessageKey one = await AcceptedWithReceiptsAsync(new ReceiptRequest("canary-client-id", true, true));
        MessageKey two = await AcceptedWithReceiptsAsync(new ReceiptRequest("other-client-id!", true, true));
        AccountName alice = Core.Names.Account(Alice);
        RedisKey ledgerOne = RedisKeys.Ledger(alice, Core.Names.Message(alice, one.MessageId)), ledgerTwo = RedisKeys.Ledger(alice, Core.Names.Message(alice, two.MessageId));
        byte[] first = (await Core.Redis.StringGetAsync(ledgerOne))!, second = (await Core.Redis.StringGetAsync(ledgerTwo))!;
        Assert.Equal(-1, first.AsSpan().IndexOf("canary"u8));
        Assert.Equal(-1, first.AsSpan().IndexOf("bob"u8));
        Assert.Equal(first.Length, second.Length);
        await Core.Redis.StringSetAsync(ledgerOne, (byte[])[.. first[..48], .. second[48..]]);
        await Store.EndAsync(one, MessageState.Delivered);
        await Store.EndAsync(two, MessageState.Delivered);
        Assert.Equal([two.MessageId], (await RegisterAliceAsync()).Messages.Select(m => m.Receipt!.MessageId));
    }

    private async Task<MessageKey> AcceptedWithReceiptsAsync(ReceiptRequest receipts)
    {
        NewMessage message = Message(Alice, Bob, "hello") with { Receipts = receipts };
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(message)).Outcome);
        return new MessageKey(Alice, message.MessageId, Bob);
    }

    private async Task<MailboxPage> RegisterAliceAsync() =>
        (await Store.RegisterAsync(Alice, new Binding(Flow(77), "phone", Time.GetUtcNow().AddHours(1)), 0, true))!;

    /// <summary>What a core does that dies right after its script.</summary>
    private async Task EndWithoutTellingAsync(MessageKey key, MessageState state)
    {
        AccountName bob = Core.Names.Account(key.Recipient), alice = Core.Names.Account(key.Sender);
        byte[] name = Core.Names.Message(alice, key.MessageId);
        await Core.Get<RedisConnection>().EvaluateAsync(
            RedisScript.End,
            [RedisKeys.Record(bob.Partition, name), RedisKeys.Mailbox(bob)],
            MessageEnding.WhatEnds(alice, name, state, Time.GetUtcNow()));
    }

    private async Task TellManyAsync(int messages)
    {
        for (int done = 0; done < messages; done += 50)
        {
            MessageKey[] keys = await Task.WhenAll(Enumerable.Range(0, Math.Min(50, messages - done)).Select(i => AcceptedAsync($"{i}")));
            await Task.WhenAll(keys.Select(key => Store.EndAsync(key, MessageState.Delivered)));
        }
    }
}

/// <inheritdoc/>
public sealed class TellingOnRedisTests(RedisFixture fixture) : TellingTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc/>
public sealed class TellingOnGarnetTests(GarnetFixture fixture) : TellingTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc/>
public sealed class TellingOnClusterTests(ClusterFixture fixture) : TellingTests(fixture), IClassFixture<ClusterFixture>;
