using System.Diagnostics.Metrics;
using Core.Store.Envelopes;
using Core.Store.Keys;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Tests.Support;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Keys;

/// <summary>Keys that are made, take over, are left by what they sealed, and go; two cores at one file, on every server.</summary>
public abstract class KeyKeeperTests(ServerFixture fixture) : StoreTest(fixture)
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private TestCore _other = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _other = await StartCoreAsync("core-2");
    }

    [Fact]
    public async Task Tend_BeforeADay_NothingIsMade()
    {
        Time.Advance(Day - TimeSpan.FromSeconds(1));
        await TendAsync();
        Assert.Equal((1, 1, 1, 1), Counts());
    }

    [Fact]
    public async Task Tend_RotationByHandAlone_NothingIsMadeUntilAsked()
    {
        TestCore byHand = await StartCoreAsync("core-3", settings: [("RotateKeysEvery", "00:00:00"), ("RotateAccountKeyEvery", "00:00:00")]);
        Time.Advance(TimeSpan.FromDays(365));
        await TendAsync(byHand);
        Assert.Equal((1, 1, 1, 1), Counts(byHand));
        byHand.Get<IKeyAdministration>().Rotate();
        Assert.Equal((2, 2, 2, 1), Counts(byHand));
    }

    [Fact]   // a core that reads the file late must not meet a key that it does not have
    public async Task Tend_AfterADay_NewKeysSealOnlyAfterTheDelay()
    {
        Time.Advance(Day);
        await TendAsync();
        Assert.Equal((2, 2, 1, 1), Counts());
        Assert.Equal(1u, KeyOf(await AcceptedAsync("before")));

        Time.Advance(Delay);
        Assert.Equal(5u, KeyOf(await AcceptedAsync("after")));
        Assert.Equal(["before", "after"], Texts((await _other.Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true))!));   // which has not looked at the file since
    }

    [Fact]   // one core makes keys, by its lease
    public async Task Tend_TwoCores_OneKeyOfEach()
    {
        Time.Advance(Day);
        await Task.WhenAll(TendAsync(), TendAsync(_other));
        await Task.WhenAll(TendAsync(), TendAsync(_other));   // whoever was second reads what the first has made
        Assert.Equal((2, 2, 1, 1), Counts());
        Assert.Equal((2, 2, 1, 1), Counts(_other));
    }

    [Fact]   // spec S14: unreadable 72 h and an hour after the key's last seal
    [Spec("S9", "S14")]
    public async Task Tend_MessageKeyOutlived_WipedAndARestoredRecordDoesNotOpen()
    {
        MessageKey lost = await AcceptedAsync("restored from a backup");
        byte[] record = (byte[])(await Core.Redis.StringGetAsync(RecordKey(lost)))!;
        Time.Advance(Day);
        await TendAsync();

        Time.Advance(Delay + TimeSpan.FromHours(73) - TimeSpan.FromSeconds(1));
        await TendAsync();
        Assert.Contains(Keys(KeyPurpose.Message), k => k.Id == 1);
        Time.Advance(TimeSpan.FromSeconds(1));
        await TendAsync();
        Assert.DoesNotContain(Keys(KeyPurpose.Message), k => k.Id == 1);
        Assert.DoesNotContain("\"id\": 1,", await File.ReadAllTextAsync(KeyRing, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        await Core.Redis.StringSetAsync(RecordKey(lost), record);
        Assert.Equal(EnvelopeState.KeyUnknown, Core.Get<MessageEnvelope>().TryOpen(record, Core.Names.Account(Bob), out _));
    }

    [Fact]   // a missing key sets its messages aside; those behind them are delivered
    public async Task Register_KeyOfOneMessageMissing_SetAsideAndTheQueueFlowsOn()
    {
        await AcceptedAsync("sealed with a key that is lost");
        Core.Get<KeyKeeper>().Rotate(Time.GetUtcNow(), all: true);
        Time.Advance(Delay);
        await AcceptedAsync("second");
        Core.Get<KeyKeeper>().Wipe(KeyPurpose.Message, [1]);
        Assert.Equal(["second"], Texts(await RegisterAsync(Flow(1))));
        await TendAsync(_other);
        Assert.Equal(["second"], Texts((await _other.Store.RegisterAsync(Bob, Bind(Flow(2)), 0, true))!));
    }

    [Fact]   // more than a page of them: each is counted once however often it is met, and none is lost if the key comes back
    [Spec("S9")]
    public async Task Register_KeyOfManyMessagesMissing_CountedOnceEachAndDeliveredWhenTheRingIsRestored()
    {
        const int Lost = 70;   // three pages
        for (int i = 0; i < Lost; i++) await AcceptedAsync($"lost {i}");
        Core.Get<KeyKeeper>().Rotate(Time.GetUtcNow(), all: true);
        Time.Advance(Delay);
        await AcceptedAsync("behind them");
        byte[] backup = await File.ReadAllBytesAsync(KeyRing, TestContext.Current.CancellationToken);
        Core.Get<KeyKeeper>().Wipe(KeyPurpose.Message, [1]);

        using SetAsideCount setAside = new(Core.Get<IMeterFactory>());
        for (int look = 1; look <= 3; look++)
        {
            Assert.Equal(["behind them"], await AllTextsAsync(Flow((ulong)look)));
            Assert.Equal(Lost, setAside.KeyUnknown);
        }

        await File.WriteAllBytesAsync(KeyRing, backup, TestContext.Current.CancellationToken);
        Assert.Null(Core.Get<KeyRing>().Refresh());
        string[] all = [.. Enumerable.Range(0, Lost).Select(static i => $"lost {i}"), "behind them"];
        Assert.Equal(all, await AllTextsAsync(Flow(9)));
        Assert.Equal(Lost, setAside.KeyUnknown);
    }

    [Fact]   // docs/adr/0002: what the argument about nonces allows is what is sealed, and a new key is made long before
    [Spec("S9")]
    public async Task Accept_KeyHasSealedAllItMay_RefusedUntilANewOneSeals()
    {
        Wear(KeyPurpose.Message, RingKey.MostSeals - 1);
        await AcceptedAsync("the last one");
        StoreUnavailableException refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync("one too many"));
        Assert.Contains("Rotate", refusal.Message, StringComparison.Ordinal);

        await TendAsync();
        Assert.Equal((2, 1, 1, 1), Counts());
        Time.Advance(Delay);
        await AcceptedAsync("under the next key");
        Assert.Equal(["the last one", "under the next key"], Texts(await RegisterAsync(Flow(1))));
    }

    [Theory]   // at half, so that its successor seals in time
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task Tend_KeyHasSealedHalfOfWhatItMay_ANewOneIsMade(int more, bool isMade)
    {
        Wear(KeyPurpose.Account, (RingKey.MostSeals / 2) + more);
        await TendAsync(_other);   // the lease is another's, which knows nothing of how often this one has sealed
        Assert.Equal((1, 1, 1, 1), Counts(_other));
        await TendAsync();
        Assert.Equal((1, 1, isMade ? 2 : 1, 1), Counts());
    }

    [Fact]   // rotation seals all accounts anew, and only then the key is wiped
    [Spec("D.accounts")]
    public async Task Tend_AccountKeyRotated_AccountsSealedAnewThenKeyWiped()
    {
        Time.Advance(TimeSpan.FromDays(30));
        await TendAsync();
        Time.Advance(Delay - TimeSpan.FromSeconds(1));
        await _other.Accounts.CreateAsync(Address("dora"), "secret");   // still under the old key
        Time.Advance(Delay + TimeSpan.FromSeconds(1));
        await TendAsync();
        Assert.Equal(2, Keys(KeyPurpose.Account).Count);
        Assert.All(await UsesAsync("account"), use => Assert.Equal(use.Seals ? 4 : 0, use.Count));

        Time.Advance(Hour);
        await TendAsync();
        Assert.Single(Keys(KeyPurpose.Account));
        foreach (string user in new[] { "alice", "bob", "carol", "dora" })
        {
            Assert.True((await _other.Accounts.FindVerifiersAsync(Address(user)))!.Matches(Address(user), "secret"));
        }
    }

    [Fact]   // spec "One id for life": a repeat is known by its fingerprint for as long as its claim stands
    [Spec("S17")]
    public async Task Tend_ClaimOfAnOldFingerprintKeyLeft_KeyStaysUntilItEnds()
    {
        NewMessage message = Message(Alice, Bob, "once");
        await Store.AcceptAsync(message);
        Time.Advance(Day);
        await TendAsync();
        Time.Advance(TimeSpan.FromDays(7) + Hour + Delay);   // Redis' own clock has not moved: the claim still stands
        await TendAsync();
        Assert.Contains(Keys(KeyPurpose.Fingerprint), k => k.Id == 2);
        Assert.Equal(AcceptOutcome.IdReused, (await Store.AcceptAsync(message with { Text = "other"u8.ToArray() })).Outcome);

        AccountName alice = Core.Names.Account(Alice);
        Assert.True(await Core.Redis.KeyDeleteAsync(RedisKeys.Ledger(alice, Core.Names.Message(alice, message.MessageId))));
        Time.Advance(Day);
        await TendAsync();
        Assert.DoesNotContain(Keys(KeyPurpose.Fingerprint), k => k.Id == 2);
    }

    [Fact]   // each core has a copy of the file, and one gets the new one an hour late: what it sealed with the old keys is not lost with them
    [Spec("S9", "D.accounts")]
    public async Task Tend_OneCoreLoadsTheFileLate_NothingIsLostAndItsAccountsAreSealedAnew()
    {
        string copy = KeyRing + ".copy";
        File.Copy(KeyRing, copy);
        TestCore late = await StartCoreAsync("core-late", settings: [("KeyRingFile", copy)]);
        Time.Advance(TimeSpan.FromDays(30));
        await TendAsync();
        Time.Advance(2 * Delay);
        await TendAsync();   // accounts are sealed anew: the late core has not their key

        StoreUnavailableException refusal = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await late.Accounts.FindVerifiersAsync(Alice));
        Assert.Contains("lacks the key", refusal.Message, StringComparison.Ordinal);   // 503, not "wrong password"
        await late.Accounts.CreateAsync(Address("dora"), "secret");
        Assert.Equal(AcceptOutcome.Accepted, (await late.Store.AcceptAsync(Message(Alice, Bob, "by the late core"))).Outcome);
        await AcceptedAsync("by the other");
        Assert.Equal(["by the late core"], Texts((await late.Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true))!));

        Time.Advance(Hour);
        await TendAsync();
        Assert.Single(Keys(KeyPurpose.Account));   // dora's too was sealed anew before the old key went
        File.Copy(KeyRing, copy, overwrite: true);
        await TendAsync(late);
        Assert.Equal(["by the late core", "by the other"], Texts((await late.Store.RegisterAsync(Bob, Bind(Flow(2)), 0, true))!));
        foreach (string user in (string[])["alice", "bob", "carol", "dora"])
        {
            foreach (TestCore core in (TestCore[])[Core, late]) Assert.True((await core.Accounts.FindVerifiersAsync(Address(user)))!.Matches(Address(user), "secret"));
        }
    }

    [Fact]   // what others may have rotated out seals nothing more; nothing is lost: senders are told to try again
    public async Task Accept_RingFileUnreadableForAnHour_RefusedUntilItIsBack()
    {
        File.Move(KeyRing, KeyRing + ".away");
        Time.Advance(Hour);
        await TendAsync();
        await AcceptedAsync("within the hour");
        Time.Advance(TimeSpan.FromSeconds(1));
        StoreUnavailableException refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync("later"));
        Assert.Contains("key ring", refusal.Message, StringComparison.Ordinal);

        File.Move(KeyRing + ".away", KeyRing);
        Assert.Equal(AcceptOutcome.Accepted, (await SendAsync("back")).Outcome);
    }

    [Fact]   // another installation's file, put there by mistake, must not take the place of this one's keys
    public async Task Tend_FileOfAnotherStore_KeysFromBeforeStay()
    {
        using RingFolder strange = new();
        strange.Open();
        File.Copy(strange.Path, KeyRing, overwrite: true);
        File.SetLastWriteTimeUtc(KeyRing, DateTime.UtcNow.AddMinutes(1));
        await AcceptedAsync("sealed");
        await TendAsync();
        Assert.Equal(["sealed"], Texts(await RegisterAsync(Flow(1))));
    }

    [Fact]   // the answer to a leak: what waits is readable under new keys alone
    public async Task Rekey_MessagesReceiptsAndAccounts_AllUnderNewKeysAndOldOnesGone()
    {
        NewMessage asking = Message(Alice, Bob, "with receipts") with { Receipts = new ReceiptRequest("my-id", Delivered: true, Failed: true) };
        await Store.AcceptAsync(asking);
        MessageKey plain = await AcceptedAsync("without");
        byte[] before = (byte[])(await Core.Redis.StringGetAsync(RecordKey(plain)))!;
        TimeSpan? life = await Core.Redis.KeyTimeToLiveAsync(RecordKey(plain));

        List<string> said = [];
        Task rekeying = Core.Get<IKeyAdministration>().RekeyAsync(said.Add, TestContext.Current.CancellationToken);
        await EventuallyAsync(() => Task.FromResult(said.Count > 0), "new keys");
        Time.Advance(2 * Delay);
        await rekeying;

        Assert.Equal((1, 2, 1, 1), Counts());
        Assert.All(await Core.Get<IKeyAdministration>().AuditAsync(), use => Assert.True(use.Seals || use.Count == 0 || use.Purpose == "fingerprint", $"key {use.Id} ({use.Purpose}) still seals {use.Count}"));
        Assert.Equal(EnvelopeState.KeyUnknown, Core.Get<MessageEnvelope>().TryOpen(before, Core.Names.Account(Bob), out _));
        Assert.InRange(life!.Value - (await Core.Redis.KeyTimeToLiveAsync(RecordKey(plain)))!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(30));

        Assert.Equal(["with receipts", "without"], Texts((await _other.Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true))!));
        await _other.Store.EndAsync(new MessageKey(Alice, asking.MessageId, Bob), MessageState.Delivered);
        await _other.Sweeper.SweepOnceAsync();
        await _other.Store.RegisterAsync(Alice, Bind(Flow(2), "alice's phone"), 0, true);
        await EventuallyAsync(async () => (await _other.Store.ReadPageAsync(Alice, Flow(2), 0)).Messages is [{ Receipt.ClientId: "my-id" }], "the receipt");
        Assert.True((await _other.Accounts.FindVerifiersAsync(Bob))!.Matches(Bob, "secret"));
    }

    [Fact]
    public async Task Audit_SomeOfEach_CountedByKey()
    {
        await AcceptedAsync("one");
        await Store.AcceptAsync(Message(Alice, Bob, "two") with { Receipts = new ReceiptRequest("x", Delivered: true, Failed: false) });
        Assert.Equal(
            [("message", 3L), ("fingerprint", 2L), ("account", 3L), ("name", 0L)],
            (await Core.Get<IKeyAdministration>().AuditAsync()).Select(use => (use.Purpose, use.Count)));

        Core.Get<KeyKeeper>().Rotate(Time.GetUtcNow(), all: true);
        Time.Advance(Delay);
        Core.Get<KeyKeeper>().Wipe(KeyPurpose.Message, [1]);
        KeyUse lost = Assert.Single(await Core.Get<IKeyAdministration>().AuditAsync(), use => use.Created is null);
        Assert.Equal((1u, "message", 3L), (lost.Id, lost.Purpose, lost.Count));
    }

    private Task TendAsync(TestCore? core = null) => (core ?? Core).Get<KeyKeeper>().TendAsync();

    private IReadOnlyList<RingKey> Keys(KeyPurpose purpose) => Core.Get<KeyRing>().All(purpose);

    /// <summary>As if the key that seals now had sealed so often in this core.</summary>
    private void Wear(KeyPurpose purpose, long seals) => Core.Get<KeyRing>().Current(purpose).Seals = seals;

    /// <summary>Everything that a phone gets that registers now.</summary>
    private async Task<string[]> AllTextsAsync(FlowId flow)
    {
        MailboxPage page = await RegisterAsync(flow);
        List<string> texts = [.. Texts(page)];
        while (page.More)
        {
            page = await Store.ReadPageAsync(Bob, flow, page.Upto);
            texts.AddRange(Texts(page));
        }

        return [.. texts];
    }

    private (int Message, int Fingerprint, int Account, int Name) Counts(TestCore? core = null)
    {
        KeyRing ring = (core ?? Core).Get<KeyRing>();
        return (ring.All(KeyPurpose.Message).Count, ring.All(KeyPurpose.Fingerprint).Count, ring.All(KeyPurpose.Account).Count, ring.All(KeyPurpose.Name).Count);
    }

    private RedisKey RecordKey(MessageKey key) =>
        RedisKeys.Record(Core.Names.Account(key.Recipient).Partition, Core.Names.Message(Core.Names.Account(key.Sender), key.MessageId));

    private uint KeyOf(MessageKey key) => MessageEnvelope.KeyOf((byte[])Core.Redis.StringGet(RecordKey(key))!);

    private async Task<IEnumerable<KeyUse>> UsesAsync(string purpose) => (await Core.Get<IKeyAdministration>().AuditAsync()).Where(use => use.Purpose == purpose);
}

/// <summary>On Redis.</summary>
public sealed class KeyKeeperOnRedisTests(RedisFixture fixture) : KeyKeeperTests(fixture), IClassFixture<RedisFixture>;

/// <summary>On the embedded store.</summary>
public sealed class KeyKeeperOnGarnetTests(GarnetFixture fixture) : KeyKeeperTests(fixture), IClassFixture<GarnetFixture>;

/// <summary>On a cluster.</summary>
public sealed class KeyKeeperOnClusterTests(ClusterFixture fixture) : KeyKeeperTests(fixture), IClassFixture<ClusterFixture>;
