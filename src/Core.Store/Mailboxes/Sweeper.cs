using System.Buffers.Binary;
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
/// An account whose edge this core does not reach is looked at by every other core, within a second, and again after 5 s; a binding of an edge that is gone, or has started anew, is ended.
/// </remarks>
internal sealed class Sweeper(
    RedisConnection redis, SweepLeases leases, SweepOptions sweep, MailboxReader reader, MessageEnding ending, AccountRecords accounts,
    Teller teller, EdgeEpochs epochs, IMessageStore store, IDeliveryPort port, TimeProvider time, StoreMetrics metrics, ILogger<Sweeper> logger) : BackgroundService
{
    /// <summary>Accounts of one partition in one sweep: the rest a second later.</summary>
    private const int DueAtOnce = 64;

    /// <summary>Looks under way at once: bounds the memory of a sweep after a long stop.</summary>
    private const int LooksAtOnce = 64;

    /// <summary>Until an account whose edge was not reached is looked at again: perhaps nobody else has reached it either.</summary>
    private static readonly TimeSpan NotReachedAgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>How long the others are asked.</summary>
    private static readonly TimeSpan AskedFor = TimeSpan.FromSeconds(10);

    private readonly long _started = time.GetTimestamp();
    private Exception? _fault;

    /// <summary>Tends the leases and looks at everything due.</summary>
    public async Task SweepOnceAsync()
    {
        await leases.TendAsync().ConfigureAwait(false);
        RedisValue now = time.GetUtcNow().ToUnixTimeMilliseconds();
        int[] partitions = [.. leases.Partitions];
        RedisValue[][] due = await Task.WhenAll(partitions.Select(p => DueAsync(p, now))).ConfigureAwait(false);
        IEnumerable<(AccountName Name, bool IsOwn)> names = partitions.SelectMany((p, i) => due[i].Select(handle => (new AccountName((byte[])handle!, p), true)))
            .Concat((await AskedAsync(now).ConfigureAwait(false)).Where(name => !leases.Held.Contains(name.Partition % SweepLeases.Shares)).Select(name => (name, false)));
        foreach ((AccountName Name, bool IsOwn)[] some in names.Chunk(LooksAtOnce))
        {
            await Task.WhenAll(some.Select(one => LookAloneAsync(one.Name, one.IsOwn))).ConfigureAwait(false);
        }

        if (Interlocked.Exchange(ref _fault, null) is { } fault) StoreLog.SweepFailed(logger, fault);
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
        metrics.Begin();
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

    /// <summary>Accounts whose edge their sweeper does not reach.</summary>
    private async Task<IEnumerable<AccountName>> AskedAsync(RedisValue now)
    {
        try
        {
            RedisValue[] asked = await redis.Database.SortedSetRangeByScoreAsync(RedisKeys.Asked, (double)now, take: LooksAtOnce).ConfigureAwait(false);
            return asked.Select(member => (byte[])member!).Select(member => new AccountName(member[2..], BinaryPrimitives.ReadUInt16BigEndian(member)));
        }
        catch (RedisServerException fault)
        {
            _fault = fault;
            return [];
        }
    }

    /// <summary>One sick mailbox must not keep the others waiting (promise P7): its fault is told once a sweep.</summary>
    private async Task LookAloneAsync(AccountName due, bool isOwn)
    {
        try
        {
            if (due.Handle.Length == StoreNames.NameBytes) await LookAsync(due, isOwn).ConfigureAwait(false);
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

    private async Task LookAsync(AccountName account, bool isOwn)
    {
        while (true)
        {
            RedisValue now = time.GetUtcNow().ToUnixTimeMilliseconds();
            RedisResult[] reply = await LookInRedisAsync(account, now, MailboxWriter.LookAgainAfter, RedisValue.EmptyString).ConfigureAwait(false);
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
                    if (await PushAsync(account, reply, isOwn).ConfigureAwait(false) is { } again)
                        await LookInRedisAsync(account, now, again, (byte[])reply[4]!).ConfigureAwait(false);
                    return;
                default:
                    return;
            }
        }
    }

    /// <param name="settles">Empty to look; then the line of the binding that what was due has been pushed to, or that was not reached.</param>
    private async Task<RedisResult[]> LookInRedisAsync(AccountName account, RedisValue now, TimeSpan again, RedisValue settles) => (RedisResult[])(await redis.EvaluateAsync(
        RedisScript.Look,
        [RedisKeys.Mailbox(account), RedisKeys.Busy(account.Partition), RedisKeys.Tries(account), RedisKeys.Bindings(account), RedisKeys.Accounts(account.Partition)],
        [now, account.Handle, (long)again.TotalMilliseconds, reader.PageSize, settles]).ConfigureAwait(false))!;

    /// <returns>When to look again at what was due; null: it stays as it is.</returns>
    private async Task<TimeSpan?> PushAsync(AccountName account, RedisResult[] reply, bool isOwn)
    {
        if (BindingLine.Flow((string?)reply[4]) is not { } flow || (!port.Reaches(flow) && !port.HasEnded(flow) && !isOwn)) return null;
        if (await accounts.FindAsync(account).ConfigureAwait(false) is not { } known) return MailboxWriter.LookAgainAfter;
        if (port.HasEnded(flow))
        {
            await store.UnregisterAsync(known.Address, flow).ConfigureAwait(false);   // Redis was away when it ended; the next device gets its turn
            return null;
        }

        if (!port.Reaches(flow))
        {
            // The next device gets its turn if this one's edge is gone; else perhaps another core has a link to it. Right after a start no edge has
            // a link yet, and none is taken for gone.
            bool settled = time.GetElapsedTime(_started) >= EdgeEpochs.AliveFor;
            if (settled && await epochs.IsGoneAsync(flow).ConfigureAwait(false) && !port.Reaches(flow))
            {
                await store.UnregisterAsync(known.Address, flow).ConfigureAwait(false);
                return null;
            }

            await AskOthersAsync(account).ConfigureAwait(false);
            return NotReachedAgainAfter;
        }

        MailboxPage page = await reader.ReadAsync(known.Address, account, reply, firstRow: 5).ConfigureAwait(false);
        if (page.Messages.Count > 0)
        {
            metrics.SweepPushed(page.Messages.Count);
            port.Push(flow, known.Address, page);
        }

        if (!isOwn) await redis.Database.SortedSetRemoveAsync(RedisKeys.Asked, Asked(account)).ConfigureAwait(false);
        return MailboxWriter.LookAgainAfter;
    }

    /// <summary>Kept in Redis, not sent as a hint: delivery must not hang on one.</summary>
    private async Task AskOthersAsync(AccountName account)
    {
        DateTimeOffset now = time.GetUtcNow();
        await redis.EvaluateAsync(
            RedisScript.Ask, [RedisKeys.Asked], [Asked(account), (now + AskedFor).ToUnixTimeMilliseconds(), (now - AskedFor).ToUnixTimeMilliseconds()]).ConfigureAwait(false);
    }

    private static byte[] Asked(AccountName account) => EndedMessage.SenderBytes(account);

    private static byte[][] Members(RedisResult[] reply) => [.. reply.Skip(1).Select(m => (byte[])m!)];
}
