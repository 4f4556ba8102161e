using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Looks once a second at the accounts that are due: pushes what was stranded, ends what expired. Nothing waits longer than 43 s.</summary>
/// <remarks>
/// 33 s until an account with a binding is due, 6 s until a dead core's lease ends, 3 s until another takes it, 1 s between two looks (spec S16).
/// An account whose edge this core does not reach is handed to the others; a binding of an edge that is gone, or has started anew, is ended.
/// </remarks>
internal sealed class Sweeper(
    RedisConnection redis, SweepLeases leases, SweepOptions sweep, MailboxReader reader, MessageEnding ending, AccountRecords accounts,
    Teller teller, Wakeups wakeups, EdgeEpochs epochs, IMessageStore store, IDeliveryPort port, TimeProvider time, StoreMetrics metrics, ILogger<Sweeper> logger) : BackgroundService
{
    /// <summary>Accounts of one partition in one sweep: the rest a second later.</summary>
    private const int DueAtOnce = 64;

    /// <summary>Looks under way at once: bounds the memory of a sweep after a long stop.</summary>
    private const int LooksAtOnce = 64;

    private readonly SemaphoreSlim _looksForOthers = new(LooksAtOnce, LooksAtOnce);
    private readonly long _started = time.GetTimestamp();
    private Exception? _fault;

    /// <summary>Tends the leases and looks at everything due.</summary>
    public async Task SweepOnceAsync()
    {
        await leases.TendAsync().ConfigureAwait(false);
        RedisValue now = time.GetUtcNow().ToUnixTimeMilliseconds();
        int[] partitions = [.. leases.Partitions];
        RedisValue[][] due = await Task.WhenAll(partitions.Select(p => DueAsync(p, now))).ConfigureAwait(false);
        IEnumerable<AccountName> names = partitions.SelectMany((p, i) => due[i].Select(handle => new AccountName((byte[])handle!, p)));
        foreach (AccountName[] some in names.Chunk(LooksAtOnce))
        {
            await Task.WhenAll(some.Select(name => LookAloneAsync(name, mayAskOthers: true))).ConfigureAwait(false);
        }

        if (Interlocked.Exchange(ref _fault, null) is { } fault) StoreLog.SweepFailed(logger, fault);
    }

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        wakeups.LookAsked += LookForAnother;
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await leases.ReleaseAllAsync().WaitAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault) || fault is StoreUnavailableException or OperationCanceledException)
        {
            // They end by themselves within 10 s.
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(sweep.Interval, time);
        try
        {
            do
            {
                try
                {
                    await SweepOnceAsync().ConfigureAwait(false);
                }
#pragma warning disable CA1031 // whatever one sweep meets, the next one must begin
                catch (Exception fault)
#pragma warning restore CA1031
                {
                    StoreLog.SweepFailed(logger, fault);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    /// <summary>Another core does not reach an account's edge; too many at once are left to its next look.</summary>
    private void LookForAnother(AccountName account)
    {
        if (_looksForOthers.Wait(0)) _ = LookAsync();

        async Task LookAsync()
        {
            await LookAloneAsync(account, mayAskOthers: false).ConfigureAwait(false);
            _looksForOthers.Release();
        }
    }

    private async Task<RedisValue[]> DueAsync(int partition, RedisValue now)
    {
        try
        {
            return await redis.Database.SortedSetRangeByScoreAsync(RedisKeys.Busy(partition), double.NegativeInfinity, (double)now, take: DueAtOnce).ConfigureAwait(false);
        }
        catch (RedisServerException fault)
        {
            _fault = fault;
            return [];
        }
    }

    /// <summary>One sick mailbox must not keep the others waiting (promise P7): its fault is told once a sweep.</summary>
    private async Task LookAloneAsync(AccountName due, bool mayAskOthers)
    {
        try
        {
            if (due.Handle.Length == StoreNames.NameBytes) await LookAsync(due, mayAskOthers).ConfigureAwait(false);
            else await teller.TellDueAsync(due.Partition).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // whatever one account meets, the others must be looked at
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _fault = fault;
            metrics.Looked("failed");
        }
    }

    private async Task LookAsync(AccountName account, bool mayAskOthers)
    {
        while (true)
        {
            RedisResult result = await redis.EvaluateAsync(
                RedisScript.Look,
                [RedisKeys.Mailbox(account), RedisKeys.Busy(account.Partition), RedisKeys.Tries(account), RedisKeys.Bindings(account), RedisKeys.Accounts(account.Partition)],
                [time.GetUtcNow().ToUnixTimeMilliseconds(), account.Handle, (long)MailboxWriter.LookAgainAfter.TotalMilliseconds, reader.PageSize]).ConfigureAwait(false);
            RedisResult[] reply = (RedisResult[])result!;
            string outcome = reply[0].ToString();
            metrics.Looked(outcome);
            switch (outcome)
            {
                case "expired":
                    await ending.DropAsync(account, Members(reply), MessageState.Expired).ConfigureAwait(false);
                    continue;   // and look at the rest
                case "orphaned":
                    await ending.DropAsync(account, Members(reply), MessageState.InvalidRecipient).ConfigureAwait(false);
                    continue;
                case "push":
                    await PushAsync(account, reply, mayAskOthers).ConfigureAwait(false);
                    return;
                default:
                    return;
            }
        }
    }

    private async Task PushAsync(AccountName account, RedisResult[] reply, bool mayAskOthers)
    {
        if (BindingLine.Flow((string?)reply[4]) is not { } flow) return;
        if (!port.Reaches(flow) && !port.HasEnded(flow) && !mayAskOthers) return;
        if (await accounts.FindAsync(account).ConfigureAwait(false) is not { } known) return;
        if (port.HasEnded(flow))
        {
            await store.UnregisterAsync(known.Address, flow).ConfigureAwait(false);   // Redis was away when it ended; the next device gets its turn
            return;
        }

        if (!port.Reaches(flow))
        {
            // The next device gets its turn if this one's edge is gone; else perhaps another core has a link to it, or it is looked at again after
            // 33 s. Right after a start no edge has a link yet, and none is taken for gone.
            bool settled = time.GetElapsedTime(_started) >= EdgeEpochs.AliveFor;
            if (settled && await epochs.IsGoneAsync(flow).ConfigureAwait(false) && !port.Reaches(flow)) await store.UnregisterAsync(known.Address, flow).ConfigureAwait(false);
            else wakeups.AskLook(account);
            return;
        }

        MailboxPage page = await reader.ReadAsync(known.Address, account, reply, firstRow: 5).ConfigureAwait(false);
        if (page.Messages.Count == 0) return;
        metrics.SweepPushed(page.Messages.Count);
        port.Push(flow, known.Address, page);
    }

    private static byte[][] Members(RedisResult[] reply) => [.. reply.Skip(1).Select(m => (byte[])m!)];
}
