using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Redis;

/// <summary>What only a real Redis shows: files, counts of commands, full memory, its loss and return.</summary>
public sealed class DurabilityTests(RedisFixture fixture) : StoreTest(fixture), IClassFixture<RedisFixture>
{
    private RedisServer Server => (RedisServer)Fixture.Server;

    [Fact]   // promise P1
    [Spec("S24", "P1")]
    public async Task Accept_ThenRedisKilled_StillThere()
    {
        MessageKey key = await AcceptedAsync("hello");
        await Server.KillAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync("not accepted"));
        Assert.False(await Core.Get<IStoreHealth>().IsReadyAsync());
        await Server.StartAgainAsync();
        await EventuallyAsync(() => Core.Get<IStoreHealth>().IsReadyAsync(), "the connection comes back by itself");
        Assert.Equal(MessageState.Enqueued, await StateAsync(key));
        Assert.Equal(["hello"], Texts(await RegisterAsync(Flow(1))));
        Assert.Equal(AcceptOutcome.Accepted, (await SendAsync("more")).Outcome);   // the restarted server had no scripts
    }

    [Fact]   // promise P6: no false acceptance; told within 5 s
    [Spec("P6")]
    public async Task Accept_RedisHangs_UnavailableWithinTheDeadline()
    {
        await using TestCore core = await StartCoreAsync("core-2", settings: [("RedisDeadline", "00:00:01")]);
        await Fixture.Admin.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "6000", "ALL");
        long began = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => core.Store.AcceptAsync(Message(Alice, Bob, "hello")));
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(5));
        await EventuallyAsync(() => Core.Get<IStoreHealth>().IsReadyAsync(), "the pause ends");
    }

    [Fact]   // docs/adr/0001: six writes in two calls
    public async Task Life_OfOneMessage_SixWritesInTwoCalls()
    {
        await RegisterAsync(Flow(1));
        await Store.EndAsync(await AcceptedAsync("warms up the caches and the busy entry"), MessageState.Delivered);
        IServer server = Fixture.Admin.GetServers()[0];
        long Offset() => long.Parse(server.Info("persistence").SelectMany(s => s).First(l => l.Key == "rdb_changes_since_last_save").Value, CultureInfo.InvariantCulture);

        await server.ConfigResetStatisticsAsync();
        long before = Offset();
        Time.Advance(TimeSpan.FromMilliseconds(1));   // a second message in one millisecond costs one more
        NewMessage message = Message(Alice, Bob, "hello");
        QueuedMessage pushed = (await Store.AcceptAsync(message)).Push!.Message;
        Assert.True(pushed.EndsUntold);
        await Store.EndAsync(pushed.Key, MessageState.Delivered, untold: new MessageTimes(pushed.AcceptTime, pushed.ExpireTime));
        Assert.Equal(6, Offset() - before);

        Dictionary<string, int> calls = server.Info("commandstats").SelectMany(s => s)
            .ToDictionary(l => l.Key["cmdstat_".Length..], l => int.Parse(l.Value.Split(',')[0].Split('=')[1], CultureInfo.InvariantCulture));
        Assert.Equal(2, calls["evalsha"]);    // enqueue, with the claim, and end
        Assert.Equal(4, calls["set"]);        // claim, sequence, record, outcome
        Assert.Equal((2, 1), (calls["zadd"], calls["zrem"]));   // mailbox, and a busy entry that changes nothing
        Assert.False(calls.ContainsKey("getrange") || calls.ContainsKey("hset") || calls.ContainsKey("del") || calls.ContainsKey("expire"), string.Join(' ', calls.Keys));
    }

    [Fact]   // design: with full memory accepts are refused, deliveries and acknowledgements go on
    [Spec("P6", "P7")]
    public async Task FullMemory_NothingAccepted_EverythingElseGoesOn()
    {
        long start = await Core.Get<IStatusFeed>().OpenAsync(Alice);
        MessageKey first = await AcceptedAsync("one");
        MessageKey second = await AcceptedAsync("two");
        await RegisterAsync(Flow(1), "tablet");
        IServer server = Fixture.Admin.GetServers()[0];
        await server.ConfigSetAsync("maxmemory", "1mb");
        try
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync("refused"));
            Assert.Equal(["one", "two"], Texts(await RegisterAsync(Flow(2))));
            await Store.FailAsync(second, Flow(2), 1);
            Assert.Equal(["one"], Texts(await Store.ReadPageAsync(Bob, Flow(2), 0)));
            Assert.Equal(MessageState.Delivered, (await Store.EndAsync(first, MessageState.Delivered))!.State);
            Time.Advance(TimeSpan.FromSeconds(34));
            await Core.Sweeper.SweepOnceAsync();
            Assert.Equal(["two"], Core.Port.Texts);
            await Core.Get<IEdgeEpochs>().EpochOfAsync("edge-1", Guid.NewGuid().ToByteArray());
            await Core.Get<IEdgeEpochs>().SeenAsync("edge-1");
            await Store.UnregisterAsync(Bob, Flow(2));
            Time.Advance(TimeSpan.FromHours(72));
            Assert.Equal(MessageState.Expired, (await Store.EndAsync(second, MessageState.Expired))!.State);
            Assert.Equal([MessageState.Delivered, MessageState.Expired], (await Core.Get<IStatusFeed>().ReadAsync(Alice, start)).Changes.Select(c => c.State));
        }
        finally
        {
            await server.ConfigSetAsync("maxmemory", "0");
        }
    }

    [Fact]   // a receipt needs memory: it is tried again after 2, 4 ... 60 s, not every 2, and stored once there is some
    [Spec("P7")]
    public async Task FullMemory_ReceiptRefused_TriedLessAndLessOften_ThenSent()
    {
        NewMessage message = Message(Alice, Bob, "hello") with { Receipts = new ReceiptRequest(string.Empty, true, true) };
        await Store.AcceptAsync(message);
        IServer server = Fixture.Admin.GetServers()[0];
        await server.ConfigSetAsync("maxmemory", "1mb");
        try
        {
            await server.ConfigResetStatisticsAsync();
            Assert.Equal(MessageState.Delivered, (await Store.EndAsync(new MessageKey(Alice, message.MessageId, Bob), MessageState.Delivered))!.State);
            await SweepForAsync(120);
            string refusals = server.Info("errorstats").SelectMany(s => s).Single(l => l.Key == "errorstat_OOM").Value;
            Assert.Equal("count=7", refusals);   // at once, then 2, 4, 8, 16, 32 and 64 s later
        }
        finally
        {
            await server.ConfigSetAsync("maxmemory", "0");
        }

        await SweepForAsync(60);
        MailboxPage page = (await Store.RegisterAsync(Alice, Bind(Flow(9)), 0, true))!;
        Assert.Equal(message.MessageId, Assert.Single(page.Messages).Receipt!.MessageId);

        async Task SweepForAsync(int seconds)
        {
            for (int i = 0; i < seconds; i++)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                await Core.Sweeper.SweepOnceAsync();
            }
        }
    }

    [Fact]   // spec S9: a canary is found nowhere on disk, nor is an address
    [Spec("S9")]
    public async Task Files_AfterEverything_HoldNoTextNoAddressNoPassword()
    {
        const string canary = "canary-7f3a9c-text";
        AccountAddress user = Address("canaryuser");
        await Core.Accounts.CreateAsync(user, "canary-7f3a9c-password");
        NewMessage message = Message(user, Bob, canary);
        await Store.AcceptAsync(message);
        await RegisterAsync(Flow(1));
        await Store.FailAsync(new MessageKey(user, message.MessageId, Bob), Flow(1), 1);
        await Fixture.Admin.GetServers()[0].ExecuteAsync("SAVE");

        string[] files = Directory.GetFiles(Server.Folder, "*", SearchOption.AllDirectories);
        Assert.Contains(files, f => f.EndsWith(".rdb", StringComparison.Ordinal));
        Assert.Contains(files, f => f.EndsWith(".aof", StringComparison.Ordinal));
        int texts = 0;
        foreach (string file in files)
        {
            byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            texts += bytes.AsSpan().Count("canary-7f3a9c-text"u8);
            Assert.Equal(-1, bytes.AsSpan().IndexOf("canary-7f3a9c-password"u8));
            if (!Sealing.IsOff) Assert.Equal(-1, bytes.AsSpan().IndexOf("example.test"u8));
        }

        // The same search finds the text in a build with -p:SealingOff=true: it looks in the right place.
        Assert.Equal(Sealing.IsOff, texts > 0);
    }

    [Fact]   // altered in Redis: INVALID_PAYLOAD, told to the operator, and the rest goes on
    [Spec("B1", "P7")]
    public async Task Page_RecordAltered_EndedAndTheRestDelivered()
    {
        LogLines log = new();
        await using TestCore core = await StartCoreAsync("core-2", logs: log);
        NewMessage bad = Message(Alice, Bob, "altered");
        await Store.AcceptAsync(bad);
        await AcceptedAsync("whole");
        RedisKey record = RedisKeys.Record(Core.Names.Account(Bob).Partition, Core.Names.Message(Core.Names.Account(Alice), bad.MessageId));
        byte[] value = (await Core.Redis.StringGetAsync(record))!;
        value[100] ^= 1;
        await Core.Redis.StringSetAsync(record, value);
        Assert.Equal(["whole"], Texts((await core.Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true))!));
        await EventuallyAsync(async () => (await Store.FindAsync(Alice, bad.MessageId))!.State == MessageState.InvalidPayload, "the altered one ends");
        Assert.Contains(log.Lines, l => l.Id.Name == "RecordRejected" && l.Level == LogLevel.Error);
    }

    [Fact]   // two records swapped in Redis: neither passes for the other
    public async Task Page_RecordsSwapped_NeitherDelivered()
    {
        NewMessage one = Message(Alice, Bob, "one"), two = Message(Alice, Bob, "two");
        await Store.AcceptAsync(one);
        await Store.AcceptAsync(two);
        RedisKey Record(NewMessage m) => RedisKeys.Record(Core.Names.Account(Bob).Partition, Core.Names.Message(Core.Names.Account(Alice), m.MessageId));
        RedisValue first = await Core.Redis.StringGetAsync(Record(one)), second = await Core.Redis.StringGetAsync(Record(two));
        await Core.Redis.StringSetAsync(Record(one), second);
        await Core.Redis.StringSetAsync(Record(two), first);
        Assert.Empty((await RegisterAsync(Flow(1))).Messages);
    }

    [Fact]   // a name without a record must not stand in the mailbox for ever
    public async Task Page_RecordDeleted_NameRemoved()
    {
        NewMessage message = Message(Alice, Bob, "hello");
        await Store.AcceptAsync(message);
        await Core.Redis.KeyDeleteAsync(RedisKeys.Record(Core.Names.Account(Bob).Partition, Core.Names.Message(Core.Names.Account(Alice), message.MessageId)));
        Assert.Empty((await RegisterAsync(Flow(1))).Messages);
        await EventuallyAsync(async () => !await Core.Redis.KeyExistsAsync(RedisKeys.Mailbox(Core.Names.Account(Bob))), "the name is removed");
    }

    [Fact]   // the sweeper as the host runs it: by itself, once a second
    public async Task Sweeper_Hosted_PushesWhatIsDue()
    {
        await RegisterAsync(Flow(1));
        await AcceptedAsync("hello");
        await Core.Sweeper.StartAsync(CancellationToken.None);
        await EventuallyAsync(() => Task.FromResult(Core.Leases.Held.Count == SweepLeases.Shares), "it takes its leases");
        Time.Advance(TimeSpan.FromSeconds(34));
        await EventuallyAsync(
            () =>
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(!Core.Port.Pushes.IsEmpty);
            },
            "it pushes");
        await Core.Sweeper.StopAsync(CancellationToken.None);
        Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Lease(0)));
        Assert.Equal(["hello"], Core.Port.Texts.Distinct());
    }

    [Fact]
    public async Task Metrics_AfterALife_CountedByOutcome()
    {
        List<(string Name, double Value, string Tags)> seen = [];
        using MeterListener listener = new();
        IMeterFactory own = Core.Get<IMeterFactory>();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Core.Store" && ReferenceEquals(instrument.Meter.Scope, own)) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Keep(i.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Keep(i.Name, value, tags));
        listener.Start();

        MessageKey key = await AcceptedAsync("hello");
        Time.Advance(TimeSpan.FromSeconds(3));
        MessageTimes? times = await TimesAsync(key);
        await Store.EndAsync(key, MessageState.Delivered, untold: times);
        await Store.EndAsync(key, MessageState.Delivered, untold: times);   // a repeated acknowledgement counts nothing
        Assert.Equal(
            [("edge.messages.accepts", 1, "edge.outcome=accepted"), ("edge.messages.ended", 1, "edge.state=delivered"), ("edge.messages.accept_to_delivered", 3, "")],
            seen);

        void Keep(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            List<string> text = [];
            foreach (KeyValuePair<string, object?> tag in tags) text.Add($"{tag.Key}={tag.Value}");
            seen.Add((name, value, string.Join(',', text)));
        }
    }
}
