using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;

namespace Core.Store.Tests.Mailboxes;

/// <summary>Two cores at the moment of expiry: one hears from devices, the other sweeps.</summary>
[Spec("S14", "S27", "D.expired", "D.told", "P5")]
public sealed class ExpiryRaceTests(UnsyncedRedisFixture fixture) : StoreTest(fixture), IClassFixture<UnsyncedRedisFixture>
{
    private const int Rounds = 40;
    private const int InRound = 250;

    [Fact]
    public async Task End_RacingExpiry10000Times_OneOutcomeEachToldOnce()
    {
        TestCore hears = await StartCoreAsync("core-2", replace: Wide);
        TestCore sweeps = await StartCoreAsync("core-3", replace: Wide);
        await sweeps.Sweeper.SweepOnceAsync();
        IStatusFeed feed = hears.Get<IStatusFeed>();
        long read = await feed.OpenAsync(Alice);
        Dictionary<string, int> told = [];
        for (int round = 0; round < Rounds; round++)
        {
            MessageKey[] keys = await Task.WhenAll(Enumerable.Range(0, InRound).Select(async i =>
            {
                NewMessage message = Message(Alice, Bob, $"{i}");
                Assert.Equal(AcceptOutcome.Accepted, (await hears.Store.AcceptAsync(message)).Outcome);
                return new MessageKey(Alice, message.MessageId, Bob);
            }));
            Time.Advance(TimeSpan.FromHours(72) - TimeSpan.FromMilliseconds(1));
            TaskCompletionSource moment = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await Task.WhenAll(ReportAsync(), ExpireAsync());
            Time.Advance(TimeSpan.FromSeconds(3));
            await sweeps.Sweeper.SweepOnceAsync();

            Dictionary<Guid, List<MessageState>> changes = await ChangesAsync();
            for (int i = 0; i < InRound; i++)
            {
                MessageState state = (await hears.Store.FindAsync(Alice, keys[i].MessageId))!.State;
                List<MessageState> heard = changes[keys[i].MessageId];
                Assert.Equal(heard[^1], state);   // what was told last is what is so
                if (Reported(i) == MessageState.Delivered) Assert.Equal(MessageState.Delivered, state);
                string all = string.Join(", ", heard);
                told[all] = told.GetValueOrDefault(all) + 1;
            }

            Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.Mailbox(Core.Names.Account(Bob))));
            Assert.False(await Core.Redis.KeyExistsAsync(RedisKeys.ToTell(Core.Names.Account(Bob).Partition)));

            async Task ReportAsync()
            {
                for (int i = 0; i < InRound; i += 10)
                {
                    if (i == 50)
                    {
                        Time.Advance(TimeSpan.FromMilliseconds(1));
                        moment.SetResult();
                    }

                    await Task.WhenAll(Enumerable.Range(i, 10).Select(one => hears.Store.EndAsync(keys[one], Reported(one))));
                }
            }

            async Task ExpireAsync()
            {
                await moment.Task;
                await Task.WhenAll(keys[^20..].Select(key => sweeps.Store.EndAsync(key, MessageState.Expired)));
                await sweeps.Sweeper.SweepOnceAsync();
            }
        }

        Assert.Equal(Rounds * InRound, told.Values.Sum());
        Assert.Equal(["Delivered", "Expired", "Expired, Delivered", "InvalidDevice"], told.Keys.Order());   // nothing else, and each of them

        async Task<Dictionary<Guid, List<MessageState>>> ChangesAsync()
        {
            Dictionary<Guid, List<MessageState>> changes = [];
            StatusPage page;
            do
            {
                page = await feed.ReadAsync(Alice, read);
                Assert.False(page.Reset);
                read = page.Upto;
                foreach (StatusChange change in page.Changes)
                {
                    if (!changes.TryGetValue(change.MessageId, out List<MessageState>? states)) changes.Add(change.MessageId, states = []);
                    states.Add(change.State);
                }
            }
            while (page.More);
            return changes;
        }
    }

    private static void Wide(IServiceCollection services) => services.AddSingleton<ILimits>(new FixedLimits(new LimitSet { Queue = new QueueLimits(1_000, 1_000) }));

    /// <summary>Half of the devices take their message, half refuse it: a delivery lifts an expiry, a refusal does not.</summary>
    private static MessageState Reported(int i) => i % 2 == 0 ? MessageState.Delivered : MessageState.InvalidDevice;
}
