using System.Text;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Tests.Support;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Operators;

/// <summary>What operators are shown of messages, queues and records, over a real Redis; the same over a cluster.</summary>
public abstract class OperatorViewsTests(ServerFixture fixture) : StoreTest(fixture)
{
    private IOperatorViews Views => Core.Get<IOperatorViews>();

    private MessageJournal Journal => Core.Get<MessageJournal>();

    [Fact]
    [Spec("B1")]
    public async Task Messages_SentAndReceived_NewestFirstWithStateAndTries()
    {
        await RegisterAsync(Flow(1));
        MessageKey delivered = await AcceptedAsync("one");
        Time.Advance(TimeSpan.FromSeconds(1));
        MessageKey refused = await AcceptedAsync("two");
        Time.Advance(TimeSpan.FromSeconds(1));
        MessageKey waiting = await AcceptedAsync("three", from: Carol);
        await Store.EndAsync(delivered, MessageState.Delivered, sipStatus: 202, attempt: 1);
        await Store.FailAsync(refused, Flow(1), 1, sipStatus: 480);
        Time.Advance(TimeSpan.FromSeconds(30));
        await Store.EndAsync(refused, MessageState.InvalidDevice, sipStatus: 488, attempt: 2);
        await Journal.FlushAsync();

        IReadOnlyList<LoggedMessage> bobs = (await Views.ListMessagesAsync(Bob, 10, string.Empty)).Items;
        Assert.Equal([waiting.MessageId, refused.MessageId, delivered.MessageId], bobs.Select(static m => m.MessageId));
        Assert.Equal([MessageState.Enqueued, MessageState.InvalidDevice, MessageState.Delivered], bobs.Select(static m => m.State!.Value));
        Assert.Equal((Carol, Bob), (bobs[0].Sender, bobs[0].Recipient));
        Assert.Empty(bobs[0].Tries);
        Assert.Equal([(480, 1, "edge-1"), (488, 2, "")], bobs[1].Tries.Select(static t => (t.SipStatus, t.Attempt, t.EdgeId)));
        Assert.Equal(Noon.AddSeconds(32), bobs[1].EndTime);
        Assert.Equal((Noon, Noon.AddHours(72), Noon.AddSeconds(2)), (bobs[2].AcceptTime, bobs[2].ExpireTime, bobs[2].EndTime));
        Assert.Equal(202, Assert.Single(bobs[2].Tries).SipStatus);

        Assert.Equal([refused.MessageId, delivered.MessageId], (await Views.ListMessagesAsync(Alice, 10, string.Empty)).Items.Select(static m => m.MessageId));
        LoggedMessage one = (await Views.FindMessageAsync(Alice, refused.MessageId))!;
        Assert.Equal((MessageState.InvalidDevice, Bob, 2), (one.State, one.Recipient, one.Tries.Count));
        Assert.Null(await Views.FindMessageAsync(Bob, refused.MessageId));
    }

    [Fact]
    [Spec("B1")]
    public async Task Messages_ManyOverHoursFromTwoCores_EachOnceHoweverSmallThePages()
    {
        TestCore other = await StartCoreAsync("core-2");
        List<Guid> sent = [];
        for (int i = 0; i < 60; i++)
        {
            NewMessage message = Message(Alice, i % 3 == 0 ? Carol : Bob, $"{i}");
            Assert.Equal(AcceptOutcome.Accepted, (await (i % 2 == 0 ? Store : other.Store).AcceptAsync(message)).Outcome);
            sent.Add(message.MessageId);
            Time.Advance(TimeSpan.FromMinutes(17));
            if (i % 5 != 0) continue;
            await Journal.FlushAsync();
            await other.Get<MessageJournal>().FlushAsync();
        }

        await Journal.FlushAsync();
        await other.Get<MessageJournal>().FlushAsync();
        foreach (int size in (int[])[1, 7, 1_000])
        {
            List<Guid> listed = [];
            string token = string.Empty;
            do
            {
                Page<LoggedMessage> page = await Views.ListMessagesAsync(Alice, size, token);
                Assert.InRange(page.Items.Count, 0, size);
                listed.AddRange(page.Items.Select(static m => m.MessageId));
                token = page.NextPageToken;
            }
            while (token.Length > 0);
            Assert.Equal(sent.Order(), listed.Order());
        }
    }

    [Fact]
    public async Task Messages_AWeekLater_Gone()
    {
        await AcceptedAsync("old");
        await Journal.FlushAsync();
        Time.Advance(TimeSpan.FromDays(7) + TimeSpan.FromHours(6));
        Assert.Empty((await Views.ListMessagesAsync(Alice, 10, string.Empty)).Items);
    }

    [Fact]   // what is kept tells a copy of Redis nothing
    [Spec("S9")]
    public async Task Journal_InRedis_HoldsNoNameAndNoText()
    {
        await Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true, new ClientSession("192.0.2.7:5061", "Phone of Bob", "TLSv1.3", "TLS_AES_128_GCM_SHA256", Noon));
        await AcceptedAsync("a text");
        await Journal.FlushAsync();
        int seen = 0;
        foreach (IServer server in Fixture.Admin.GetServers().Where(static s => s.IsConnected))
        {
            await foreach (RedisKey key in server.KeysAsync())
            {
                if (await Fixture.Admin.GetDatabase().KeyTypeAsync(key) != RedisType.List) continue;
                seen++;
                foreach (RedisValue value in await Fixture.Admin.GetDatabase().ListRangeAsync(key))
                {
                    string bytes = Encoding.Latin1.GetString((byte[])value!);
                    Assert.DoesNotContain(["alice", "bob", "a text", "192.0.2.7", "Phone"], word => bytes.Contains(word, StringComparison.OrdinalIgnoreCase));
                }
            }
        }

        Assert.Equal(3, seen);   // Bob's session, the journals of two partitions
    }

    [Fact]
    public async Task Queue_SomeWaiting_SizesAgesTriesAndFaults()
    {
        await RegisterAsync(Flow(1));
        MessageKey small = await AcceptedAsync("small");
        Time.Advance(TimeSpan.FromMinutes(5));
        MessageKey large = await AcceptedAsync(new string('x', 1_000), from: Carol);
        await Store.FailAsync(small, Flow(1), 1, 408);

        QueuePage first = await Views.ListQueueAsync(Bob, 1, string.Empty);
        Assert.Equal((2, Noon), (first.Waiting, first.OldestAcceptTime));
        QueuedItem item = Assert.Single(first.Items);
        Assert.Equal((small.MessageId, Alice, Noon, 1, Noon.AddMinutes(5).AddSeconds(30)), (item.MessageId, item.Sender, item.AcceptTime, item.Tries, item.NextTry));
        QueuedItem second = Assert.Single((await Views.ListQueueAsync(Bob, 10, first.NextPageToken)).Items);
        Assert.Equal((large.MessageId, Carol, 0, null, null), (second.MessageId, second.Sender, second.Tries, second.NextTry, second.Fault));
        Assert.True(second.StoredBytes > 4 * item.StoredBytes);
        Assert.Equal((0, null, 0), (await Views.ListQueueAsync(Carol, 10, string.Empty)) is var empty ? (empty.Waiting, empty.OldestAcceptTime, empty.Items.Count) : default);
        await Assert.ThrowsAsync<FormatException>(() => Views.ListQueueAsync(Bob, 1, "x"));
    }

    [Fact]
    public async Task PoisonedRecords_AlteredDeletedAndWithoutKey_AreNamed()
    {
        MessageKey altered = await AcceptedAsync("altered"), deleted = await AcceptedAsync("deleted", from: Carol), keyless = await AcceptedAsync("keyless");
        StoreNames names = Core.Get<StoreNames>();
        IDatabase redis = Fixture.Admin.GetDatabase();
        RedisKey Record(MessageKey key) => RedisKeys.Record(names.Account(key.Recipient).Partition, names.Message(names.Account(key.Sender), key.MessageId));
        byte[] sealedByte = (byte[])(await redis.StringGetRangeAsync(Record(altered), MessageEnvelope.HeaderBytes, MessageEnvelope.HeaderBytes))!;
        await redis.StringSetRangeAsync(Record(altered), MessageEnvelope.HeaderBytes, new[] { (byte)(sealedByte[0] ^ 1) });
        await redis.KeyDeleteAsync(Record(deleted));
        await redis.StringSetRangeAsync(Record(keyless), 1, new byte[] { 0, 0, 9, 9 });
        QueuePage queue = await Views.ListQueueAsync(Bob, 10, string.Empty);
        Assert.Equal([null, RecordFault.Missing, RecordFault.KeyUnknown], queue.Items.Select(static i => i.Fault));

        await RegisterAsync(Flow(1));
        IReadOnlyList<PoisonedRecord> poisoned = [];
        await EventuallyAsync(async () => (poisoned = await Views.ListPoisonedRecordsAsync()).Count == 3, "three are noted");
        Assert.Equal(
            new[] { (altered.MessageId, RecordFault.Rejected, Alice), (deleted.MessageId, RecordFault.Missing, Carol), (keyless.MessageId, RecordFault.KeyUnknown, Alice) }.ToHashSet(),
            poisoned.Select(static p => (p.MessageId!.Value, p.Fault, p.Sender!.Value)).ToHashSet());
        Assert.All(poisoned, static p => Assert.Equal((Bob, Noon), (p.Recipient, p.LastSeen)));
        await EventuallyAsync(async () => await StateAsync(altered) == MessageState.InvalidPayload, "the altered one is ended");
        await Core.Get<MessageJournal>().FlushAsync();
        Assert.Equal(MessageState.InvalidPayload, (await Views.FindMessageAsync(Alice, altered.MessageId))!.State);

        Time.Advance(TimeSpan.FromDays(8));
        Assert.Empty(await Views.ListPoisonedRecordsAsync());
    }
}

/// <inheritdoc cref="OperatorViewsTests"/>
public sealed class OperatorViewsOnRedisTests(RedisFixture fixture) : OperatorViewsTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc cref="OperatorViewsTests"/>
public sealed class OperatorViewsOnGarnetTests(GarnetFixture fixture) : OperatorViewsTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc cref="OperatorViewsTests"/>
public sealed class OperatorViewsOnClusterTests(ClusterFixture fixture) : OperatorViewsTests(fixture), IClassFixture<ClusterFixture>;
