using System.Globalization;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Mailboxes;

/// <summary>Acceptance, order, ends and expiry, on every server that the store runs on.</summary>
public abstract class MessageLifeTests(ServerFixture fixture) : StoreTest(fixture)
{
    [Fact]   // spec S13: kept; the sender is told "enqueued"
    [Spec("S13", "S28", "D.by-account")]
    public async Task Accept_RecipientOffline_EnqueuedWithoutPush()
    {
        Acceptance acceptance = await SendAsync("hello");
        Assert.Equal(AcceptOutcome.Accepted, acceptance.Outcome);
        Assert.Equal(new MessageStatus(MessageState.Enqueued, Noon, Noon.AddHours(72)), acceptance.Status);
        Assert.Null(acceptance.Push);
    }

    [Fact]   // spec S12: registered: delivered at once
    [Spec("S12")]
    public async Task Accept_RecipientRegistered_PushToActiveFlow()
    {
        await RegisterAsync(Flow(7));
        NewMessage message = Message(Alice, Bob, "hello");
        DirectedMessage push = (await Store.AcceptAsync(message)).Push!;
        Assert.Equal(Flow(7), push.Flow);
        Assert.Equal((1, 0L, "hello"), (push.Message.Attempt, push.Message.Previous, System.Text.Encoding.UTF8.GetString(push.Message.Text.Span)));
        Assert.Equal(new MessageKey(Alice, message.MessageId, Bob), push.Message.Key);
    }

    [Fact]   // spec B5: the store never reads a body; sealed by its sender it may be any bytes
    [Spec("S3", "B5")]
    public async Task Accept_OpaqueBody_KeptAndGivenByteForByte()
    {
        byte[] body = [0x00, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0x0D, 0x0A, 0x00];   // no UTF-8
        NewMessage message = new(Alice, Guid.NewGuid(), Bob, body);
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(message)).Outcome);
        Assert.Equal(AcceptOutcome.Repeated, (await Store.AcceptAsync(message)).Outcome);
        byte[] other = [.. body[..^1], 0x01];
        Assert.Equal(AcceptOutcome.IdReused, (await Store.AcceptAsync(message with { Text = other })).Outcome);
        Assert.Equal(body, Assert.Single((await RegisterAsync(Flow(1))).Messages).Text.ToArray());
    }

    [Fact]   // promise P3
    [Spec("D.one-id", "P3")]
    public async Task Accept_SameAgain_SameAnswerOneMessage()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        Acceptance first = await Store.AcceptAsync(message);
        Time.Advance(TimeSpan.FromMinutes(1));
        Acceptance[] again = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Store.AcceptAsync(message)));
        Assert.All(again, a => Assert.Equal((AcceptOutcome.Repeated, first.Status), (a.Outcome, a.Status)));
        Assert.Equal(["hello"], Texts(await RegisterAsync(Flow(1))));
    }

    [Fact]   // promise P3, with both halves racing
    [Spec("D.one-id", "P3")]
    public async Task Accept_SameAtOnce_OneIsStored()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        Acceptance[] all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Store.AcceptAsync(message)));
        Assert.Single(all, a => a.Outcome == AcceptOutcome.Accepted);
        Assert.Single((await RegisterAsync(Flow(1))).Messages);
    }

    [Fact]
    [Spec("D.one-id", "P3")]
    public async Task Accept_AgainAfterDelivery_DeliveredAndNothingStored()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        await Store.EndAsync(new MessageKey(Alice, message.MessageId, Bob), MessageState.Delivered);
        Time.Advance(TimeSpan.FromHours(83));
        Acceptance again = await Store.AcceptAsync(message);
        Assert.Equal((AcceptOutcome.Repeated, MessageState.Delivered), (again.Outcome, again.Status!.State));
        Assert.Empty((await RegisterAsync(Flow(1))).Messages);
    }

    [Fact]   // spec, "One id for life"
    [Spec("D.one-id")]
    public async Task Accept_SameIdOtherTextOrRecipient_IdReused()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        Assert.Equal(AcceptOutcome.IdReused, (await Store.AcceptAsync(Message(Alice, Bob, "other", message.MessageId))).Outcome);
        Assert.Equal(AcceptOutcome.IdReused, (await Store.AcceptAsync(Message(Alice, Carol, "hello", message.MessageId))).Outcome);
        Assert.Equal(["hello"], Texts(await RegisterAsync(Flow(1))));
    }

    [Fact]
    [Spec("D.one-id")]
    public async Task Accept_SameIdOfAnotherSender_IsAnotherMessage()
    {
        Guid id = Guid.NewGuid();
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(Message(Alice, Bob, "one", id))).Outcome);
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(Message(Carol, Bob, "two", id))).Outcome);
        await Store.EndAsync(new MessageKey(Alice, id, Bob), MessageState.Delivered);
        Assert.Equal(MessageState.Enqueued, (await Store.FindAsync(Carol, id))!.State);
    }

    [Fact]   // and a mistyped recipient does not use up the id
    [Spec("D.by-account")]
    public async Task Accept_UnknownRecipient_RefusedAndIdFree()
    {
        Guid id = Guid.NewGuid();
        Assert.Equal(AcceptOutcome.UnknownRecipient, (await Store.AcceptAsync(Message(Alice, Address("nobody"), "hello", id))).Outcome);
        Assert.Null(await Store.FindAsync(Alice, id));
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(Message(Alice, Bob, "hello", id))).Outcome);
    }

    [Fact]   // a claim whose enqueue never came: not stored past its time (design, "The way of a message", 2)
    [Spec("S14", "D.one-id")]
    public async Task Accept_ClaimOlderThanValidity_ExpiredNeverStored()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        await Core.Redis.KeyDeleteAsync(RecordKey(message));
        Assert.Null(await Store.FindAsync(Alice, message.MessageId));   // a claim alone is shown to nobody
        Time.Advance(TimeSpan.FromHours(72));
        Acceptance late = await Store.AcceptAsync(message);
        Assert.Equal((AcceptOutcome.Repeated, MessageState.Expired), (late.Outcome, late.Status!.State));
        Assert.False(await Core.Redis.KeyExistsAsync(RecordKey(message)));
        Assert.Equal(MessageState.Expired, (await Store.FindAsync(Alice, message.MessageId))!.State);
    }

    [Fact]   // quotas are exact: 500 a recipient, 100 of them a sender
    [Spec("N.quotas")]
    public async Task Accept_QuotasFull_ExactlySoManyTaken()
    {
        Acceptance[] own = await Task.WhenAll(Enumerable.Range(0, 103).Select(i => SendAsync($"{i}")));
        Assert.Equal(100, own.Count(a => a.Outcome == AcceptOutcome.Accepted));
        Assert.Equal(3, own.Count(a => a.Outcome == AcceptOutcome.QueueFull));
        for (int sender = 0; sender < 4; sender++)
        {
            AccountAddress from = Address($"sender{sender}");
            Acceptance[] theirs = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Store.AcceptAsync(Message(from, Bob, $"{i}"))));
            Assert.All(theirs, a => Assert.Equal(AcceptOutcome.Accepted, a.Outcome));
        }

        Assert.Equal(AcceptOutcome.QueueFull, (await Store.AcceptAsync(Message(Carol, Bob, "one more"))).Outcome);
        MailboxPage page = await RegisterAsync(Flow(1));
        await Store.EndAsync(page.Messages[0].Key, MessageState.Delivered);
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(Message(Carol, Bob, "now"))).Outcome);
    }

    [Fact]   // promise P4; design: prev is the tail's sequence before
    [Spec("D.order", "P4")]
    public async Task Accept_OneAfterAnother_SequenceAndPreviousChain()
    {
        await RegisterAsync(Flow(1));
        long last = 0;
        for (int i = 0; i < 10; i++)
        {
            QueuedMessage message = (await SendAsync($"{i}")).Push!.Message;
            Assert.Equal(last, message.Previous);
            Assert.True(message.Sequence > last);
            last = message.Sequence;
        }
    }

    [Fact]   // spec S15: everything unexpired, oldest first, in pages
    [Spec("S15", "P4")]
    public async Task Register_HundredQueued_AllInOrderByPages()
    {
        for (int i = 0; i < 100; i++) await AcceptedAsync($"{i}");
        MailboxPage page = await RegisterAsync(Flow(1));
        List<string> texts = [.. Texts(page)];
        Assert.Equal(32, texts.Count);
        while (page.More)
        {
            page = await Store.ReadPageAsync(Bob, Flow(1), page.Upto);
            texts.AddRange(Texts(page));
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => i.ToString(CultureInfo.InvariantCulture)), texts);
    }

    [Fact]
    [Spec("D.devices")]
    public async Task ReadPage_OfAnotherFlow_Empty()
    {
        await AcceptedAsync("hello");
        await RegisterAsync(Flow(1));
        Assert.Empty((await Store.ReadPageAsync(Bob, Flow(2), 0)).Messages);
        Assert.Empty((await Store.ReadPageAsync(Bob, Flow(1, epoch: 2), 0)).Messages);
        Assert.Single((await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
    }

    [Fact]   // spec S17: no content after delivery, a content-free outcome stays
    [Spec("S17")]
    public async Task End_Delivered_OutcomeOnlyForSevenDays()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        MessageKey key = new(Alice, message.MessageId, Bob);
        Assert.Equal(MessageState.Delivered, (await Store.EndAsync(key, MessageState.Delivered))!.State);
        Assert.Equal(MessageState.Delivered, await StateAsync(key));
        Assert.Equal(30, (await Core.Redis.StringGetAsync(RecordKey(message))).Length());
        Assert.InRange((await Core.Redis.KeyTimeToLiveAsync(RecordKey(message)))!.Value, TimeSpan.FromDays(6.99), TimeSpan.FromDays(7));
        Assert.Empty((await RegisterAsync(Flow(1))).Messages);
    }

    [Fact]   // ranks: enqueued < expired, invalid < delivered; a late 2xx lifts (spec S27: never back)
    [Spec("S27")]
    public async Task End_ByRank_OnlyForward()
    {
        MessageKey key = await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromHours(72));
        Assert.Equal(MessageState.Expired, (await Store.EndAsync(key, MessageState.Expired))!.State);
        Assert.Equal(MessageState.Expired, (await Store.EndAsync(key, MessageState.InvalidDevice))!.State);
        Assert.Equal(MessageState.Delivered, (await Store.EndAsync(key, MessageState.Delivered))!.State);
        Assert.Equal(MessageState.Delivered, (await Store.EndAsync(key, MessageState.InvalidDevice))!.State);
        Assert.Equal(new MessageStatus(MessageState.Delivered, Noon, Noon.AddHours(72)), await Store.FindAsync(Alice, key.MessageId));
    }

    [Fact]   // promise P5: never dropped before
    [Spec("S14", "P5")]
    public async Task End_ExpiredBeforeTime_StillWaits()
    {
        MessageKey key = await AcceptedAsync("hello");
        Time.Advance(new TimeSpan(71, 59, 59));
        Assert.Equal(MessageState.Enqueued, (await Store.EndAsync(key, MessageState.Expired))!.State);
        Assert.Single((await RegisterAsync(Flow(1))).Messages);
    }

    [Fact]
    public async Task End_UnknownMessage_Null() =>
        Assert.Null(await Store.EndAsync(new MessageKey(Alice, Guid.NewGuid(), Bob), MessageState.Delivered));

    [Fact]   // spec S14: until 72 h, not a second longer, whether or not a sweeper ran
    [Spec("S14", "D.expired", "P5")]
    public async Task Validity_AtItsEnd_ThereThenGone()
    {
        MessageKey key = await AcceptedAsync("hello");
        await RegisterAsync(Flow(1));
        Time.Advance(new TimeSpan(71, 59, 59));
        await RegisterAsync(Flow(1));   // the binding of three days ago has run out
        Assert.Single((await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
        Assert.Equal(MessageState.Enqueued, await StateAsync(key));
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty((await Store.ReadPageAsync(Bob, Flow(1), 0)).Messages);
        Assert.Empty((await RegisterAsync(Flow(1))).Messages);
        Assert.Equal(MessageState.Expired, await StateAsync(key));
    }

    [Fact]
    [Spec("S14", "S17", "D.expired")]
    public async Task Sweep_ExpiredOffline_ContentAndIndexGone()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        MessageKey key = new(Alice, message.MessageId, Bob);
        Time.Advance(new TimeSpan(71, 59, 59));
        await Core.Sweeper.SweepOnceAsync();
        Assert.True((await Core.Redis.StringGetAsync(RecordKey(message))).Length() > MessageEnvelope.HeaderBytes + MessageEnvelope.SmallText);
        Time.Advance(TimeSpan.FromSeconds(2));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(30, (await Core.Redis.StringGetAsync(RecordKey(message))).Length());
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Mailbox(Core.Names.Account(Bob))));
        Assert.Equal(0, await Core.Redis.SortedSetLengthAsync(RedisKeys.Busy(Core.Names.Account(Bob).Partition)));
        Assert.Equal(MessageState.Expired, await StateAsync(key));
    }

    [Fact]
    [Spec("S14", "D.expired", "P5")]
    public async Task Sweep_SomeExpiredSomeNot_OnlyTheFirstEnd()
    {
        MessageKey old = await AcceptedAsync("old");
        Time.Advance(TimeSpan.FromHours(1));
        MessageKey young = await AcceptedAsync("young");
        Time.Advance(TimeSpan.FromHours(71));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal((MessageState.Expired, MessageState.Enqueued), (await StateAsync(old), await StateAsync(young)));
        Time.Advance(TimeSpan.FromHours(1));
        await Core.Sweeper.SweepOnceAsync();
        Assert.Equal(MessageState.Expired, await StateAsync(young));
    }

    [Fact]
    public async Task Find_AnotherSendersId_Null()
    {
        MessageKey key = await AcceptedAsync("hello");
        Assert.Null(await Store.FindAsync(Carol, key.MessageId));
        Assert.Null(await Store.FindAsync(Bob, key.MessageId));
    }

    [Fact]   // design: TTLs are the safety net, relative; the record's ends between 72 and 73 h
    [Spec("S14")]
    public async Task Keys_AfterAccept_LifetimesAsDocumented()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        AccountName alice = Core.Names.Account(Alice);
        Assert.InRange((await Core.Redis.KeyTimeToLiveAsync(RecordKey(message)))!.Value, TimeSpan.FromHours(72), TimeSpan.FromHours(73));
        Assert.InRange((await Core.Redis.KeyTimeToLiveAsync(RedisKeys.Ledger(alice, Core.Names.Message(alice, message.MessageId))))!.Value, TimeSpan.FromDays(6.99), TimeSpan.FromDays(7));
        Assert.Null(await Core.Redis.KeyTimeToLiveAsync(RedisKeys.Mailbox(Core.Names.Account(Bob))));
        Assert.Null(await Core.Redis.KeyTimeToLiveAsync(SequenceOf(Bob)));
    }

    [Fact]   // "never reset": a lost counter goes on above what edges have seen
    public async Task Sequence_CounterLost_GoesOnAbove()
    {
        await RegisterAsync(Flow(1));
        long before = (await SendAsync("one")).Push!.Message.Sequence;
        await Core.Redis.KeyDeleteAsync(SequenceOf(Bob));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await SendAsync("two")).Push!.Message.Sequence > before);
    }

    [Fact]   // NOSCRIPT: a restarted server has forgotten the scripts
    public async Task Scripts_Forgotten_SentAgain()
    {
        await Fixture.Admin.GetServers()[0].ScriptFlushAsync();
        MessageKey key = await AcceptedAsync("hello");
        Assert.Equal(MessageState.Delivered, (await Store.EndAsync(key, MessageState.Delivered))!.State);
    }

    [Fact]   // asked for at the same time, they share calls; each has its own answer all the same, and the scripts are forgotten in between
    [Spec("S25", "P2")]
    public async Task ManyAtOnce_EachItsOwnAnswer()
    {
        NewMessage[] messages = [.. Enumerable.Range(0, 100).Select(static i => Message(i % 3 == 0 ? Carol : Alice, i % 2 == 0 ? Bob : Alice, $"text {i}"))];
        Acceptance[] accepted = await Task.WhenAll(messages.Select(message => Store.AcceptAsync(message)));
        Assert.All(accepted, static one => Assert.Equal(AcceptOutcome.Accepted, one.Outcome));
        Assert.All(await Task.WhenAll(messages.Select(message => Store.AcceptAsync(message))), static one => Assert.Equal(AcceptOutcome.Repeated, one.Outcome));
        string[] page = Texts(await RegisterAsync(Flow(1)));
        Assert.Equal(32, page.Distinct().Count());
        Assert.Subset(messages.Where(static (_, i) => i % 2 == 0).Select(static one => Encoding.UTF8.GetString(one.Text.Span)).ToHashSet(), page.ToHashSet());

        await Fixture.Admin.GetServers()[0].ScriptFlushAsync();
        MessageStatus?[] ended = await Task.WhenAll(messages.Select((message, i) =>
            Store.EndAsync(new MessageKey(message.Sender, i % 5 == 0 ? Guid.NewGuid() : message.MessageId, message.Recipient), MessageState.Delivered)));
        Assert.Equal(messages.Select(static (_, i) => i % 5 == 0 ? (MessageState?)null : MessageState.Delivered), ended.Select(static status => status?.State));
        Assert.Equal(10, Texts(await RegisterAsync(Flow(2))).Length);
    }

    private StackExchange.Redis.RedisKey RecordKey(NewMessage message) =>
        RedisKeys.Record(Core.Names.Account(message.Recipient).Partition, Core.Names.Message(Core.Names.Account(message.Sender), message.MessageId));
}

/// <inheritdoc/>
public sealed class MessageLifeOnRedisTests(RedisFixture fixture) : MessageLifeTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc/>
public sealed class MessageLifeOnGarnetTests(GarnetFixture fixture) : MessageLifeTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc/>
public sealed class MessageLifeOnClusterTests(ClusterFixture fixture) : MessageLifeTests(fixture), IClassFixture<ClusterFixture>;
