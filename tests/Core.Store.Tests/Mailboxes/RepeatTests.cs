using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Mailboxes;

/// <summary>The same sender and id again, to the last second of 84 h: the same answer and no second message; on every server that the store runs on.</summary>
[Spec("D.one-id", "P3")]
public abstract class RepeatTests(ServerFixture fixture) : StoreTest(fixture)
{
    private static readonly TimeSpan LastSecond = new(83, 59, 59);
    private static readonly TimeSpan Known = TimeSpan.FromHours(84);

    private readonly NewMessage _message = Message(Alice, Bob, "hello");

    private MessageKey Key => new(Alice, _message.MessageId, Bob);

    [Fact]
    [Spec("S17")]
    public async Task Accept_AgainAt835959AfterDelivery_Delivered()
    {
        await Store.AcceptAsync(_message);
        Time.Advance(TimeSpan.FromHours(70));
        await Store.EndAsync(Key, MessageState.Delivered);
        Time.Advance(LastSecond - TimeSpan.FromHours(70));
        await AssertRepeatedAsync(MessageState.Delivered);
    }

    [Fact]
    [Spec("S14")]
    public async Task Accept_AgainAt835959AfterExpiry_Expired()
    {
        await Store.AcceptAsync(_message);
        Time.Advance(TimeSpan.FromHours(72));
        await Core.Sweeper.SweepOnceAsync();
        Time.Advance(LastSecond - TimeSpan.FromHours(72));
        await AssertRepeatedAsync(MessageState.Expired);
    }

    [Fact]   // no sweeper for half a day, until Redis itself has removed the record
    [Spec("S14")]
    public async Task Accept_AgainAt835959RecordGone_Expired()
    {
        await Store.AcceptAsync(_message);
        Time.Advance(LastSecond);
        await AssertRepeatedAsync(MessageState.Expired);
        await Core.Redis.KeyDeleteAsync(RedisKeys.Record(Core.Names.Account(Bob).Partition, Core.Names.Message(Core.Names.Account(Alice), _message.MessageId)));
        await AssertRepeatedAsync(MessageState.Expired);
    }

    [Fact]
    public async Task Accept_AgainAt835959AfterRefusal_InvalidDevice()
    {
        await Store.AcceptAsync(_message);
        await Store.EndAsync(Key, MessageState.InvalidDevice);
        Time.Advance(LastSecond);
        await AssertRepeatedAsync(MessageState.InvalidDevice);
    }

    [Fact]
    public async Task Accept_AgainAt835959AfterRecipientDeleted_InvalidRecipient()
    {
        await Store.AcceptAsync(_message);
        await Core.Accounts.DeleteAsync(Bob);
        Time.Advance(LastSecond);
        await AssertRepeatedAsync(MessageState.InvalidRecipient);
        await Core.Accounts.CreateAsync(Bob, "again");
        await AssertRepeatedAsync(MessageState.InvalidRecipient);
    }

    [Fact]   // the moved clock is not Redis' own: what it keeps by itself must last as long
    [Spec("S17")]
    public async Task Keys_OfClaimAndOutcome_Last84Hours()
    {
        await Store.AcceptAsync(_message);
        await Store.EndAsync(Key, MessageState.Delivered);
        AccountName alice = Core.Names.Account(Alice);
        byte[] name = Core.Names.Message(alice, _message.MessageId);
        Assert.True(await Core.Redis.KeyTimeToLiveAsync(RedisKeys.Ledger(alice, name)) > Known);
        Assert.True(await Core.Redis.KeyTimeToLiveAsync(RedisKeys.Record(Core.Names.Account(Bob).Partition, name)) > Known);
    }

    /// <summary>By both cores, at once and again; another text is still refused.</summary>
    private async Task AssertRepeatedAsync(MessageState state)
    {
        TestCore other = await StartCoreAsync("core-2");
        foreach (TestCore core in new[] { Core, other, Core })
        {
            Acceptance again = await core.Store.AcceptAsync(_message);
            Assert.Equal((AcceptOutcome.Repeated, new MessageStatus(state, Noon, Noon.AddHours(72))), (again.Outcome, again.Status));
            Assert.Null(again.Push);
            Assert.Equal(AcceptOutcome.IdReused, (await core.Store.AcceptAsync(Message(Alice, Bob, "other", _message.MessageId))).Outcome);
        }

        Assert.Empty((await Store.RegisterAsync(Bob, Bind(Flow(1)), 0, true))?.Messages ?? []);
        Assert.Equal(state, await StateAsync(Key));
    }
}

/// <inheritdoc/>
public sealed class RepeatOnRedisTests(RedisFixture fixture) : RepeatTests(fixture), IClassFixture<RedisFixture>;

/// <inheritdoc/>
public sealed class RepeatOnGarnetTests(GarnetFixture fixture) : RepeatTests(fixture), IClassFixture<GarnetFixture>;

/// <inheritdoc/>
public sealed class RepeatOnClusterTests(ClusterFixture fixture) : RepeatTests(fixture), IClassFixture<ClusterFixture>;
