using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Core.Store.Tests.Model;

/// <summary>Two cores on one server, each with its clock. Each call ends before it returns: see <see cref="CutConnection"/>.</summary>
internal sealed class RealStore(IReadOnlyList<TestCore> cores, IReadOnlyList<FakeTimeProvider> clocks) : IStoreSide
{
    /// <summary>Leases once taken are never tended again: a run's clock moves on by centuries.</summary>
    public static readonly SweepOptions SweepsAll = new() { LeaseLifetime = TimeSpan.FromDays(1_000_000), RenewEvery = TimeSpan.MaxValue };

    /// <summary>What calls handed out themselves, with the time they did.</summary>
    public List<(FlowId Flow, IReadOnlyList<QueuedMessage> Messages, DateTimeOffset At)> Given { get; } = [];

    public Cut Cut(int core) => Connection(core).Cut;

    /// <summary>What totell.lua has answered to a core since this was last asked.</summary>
    public IEnumerable<OwedModel[]> TakeToTellReplies(int core, Func<EndedMessage, OwedModel> read)
    {
        while (Connection(core).ToTellReplies.TryDequeue(out RedisResult[]? reply))
        {
            yield return [.. reply.Select(entry =>
            {
                Assert.True(EndedMessage.TryParse((byte[])entry!, out EndedMessage ended));
                return read(ended);
            })];
        }
    }

    public Acceptance Accept(int core, NewMessage message)
    {
        Acceptance acceptance = Done(cores[core].Store.AcceptAsync(message));
        if (acceptance.Push is { } push) Given.Add((push.Flow, [push.Message], clocks[core].GetUtcNow()));
        return acceptance;
    }

    public MessageStatus? End(int core, MessageKey message, MessageState state, MessageTimes? untold) => Done(cores[core].Store.EndAsync(message, state, untold: untold));

    public void Fail(int core, MessageKey message, FlowId flow, int attempt) => cores[core].Store.FailAsync(message, flow, attempt).GetAwaiter().GetResult();

    public MailboxPage? Register(int core, AccountAddress account, Binding binding, long after, bool byClient)
    {
        MailboxPage? page = Done(cores[core].Store.RegisterAsync(account, binding, after, byClient));
        if (page is not null) Given.Add((binding.Flow, page.Messages, clocks[core].GetUtcNow()));
        return page;
    }

    public void Unregister(int core, AccountAddress account, FlowId flow) => cores[core].Store.UnregisterAsync(account, flow).GetAwaiter().GetResult();

    public MailboxPage Page(int core, AccountAddress account, FlowId flow, long after)
    {
        MailboxPage page = Done(cores[core].Store.ReadPageAsync(account, flow, after));
        Given.Add((flow, page.Messages, clocks[core].GetUtcNow()));
        return page;
    }

    public bool Create(int core, AccountAddress account) => Done(cores[core].Accounts.CreateAsync(account, "secret")) is not null;

    public int? Delete(int core, AccountAddress account) => Done(cores[core].Accounts.DeleteAsync(account));

    public long OpenFeed(int core, AccountAddress sender) => Done(cores[core].Get<IStatusFeed>().OpenAsync(sender));

    public void Sweep(int core) => cores[core].Sweeper.SweepOnceAsync().GetAwaiter().GetResult();

    public void MoveClock(TimeSpan by)
    {
        foreach (FakeTimeProvider clock in clocks) clock.Advance(by);
    }

    /// <summary>What a case before left, if it failed.</summary>
    public void Forget()
    {
        Given.Clear();
        for (int core = 0; core < cores.Count; core++) Connection(core).ToTellReplies.Clear();
    }

    /// <summary>A core that died starts again: what it remembered is gone.</summary>
    public void Restart(int core, IEnumerable<AccountAddress> accounts)
    {
        foreach (AccountAddress account in accounts)
        {
            cores[core].Get<KnownAccounts>().Forget(account);
            cores[core].Get<TellingPauses>().End(cores[core].Names.Account(account).Partition);
        }
    }

    private CutConnection Connection(int core) => (CutConnection)cores[core].Get<RedisConnection>();

    private static T Done<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
