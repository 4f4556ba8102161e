using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Telling;

/// <summary>Reads the lists that <see cref="Teller"/> writes.</summary>
internal sealed class StatusFeed(RedisConnection redis, StoreNames names, TimeProvider time) : IStatusFeed
{
    private const int PageSize = 100;
    private const int ChangeBytes = 25;

    private static readonly RedisValue Lifetime = (long)TimeSpan.FromDays(7).TotalMilliseconds;

    /// <inheritdoc/>
    public async Task<long> OpenAsync(AccountAddress sender)
    {
        AccountName name = names.Account(sender);
        RedisResult position = await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.OpenTold, [RedisKeys.Told(name), RedisKeys.Sequence(name.Partition)], [time.GetUtcNow().ToUnixTimeMilliseconds(), Lifetime])).ConfigureAwait(false);
        return Number(position);
    }

    /// <inheritdoc/>
    public async Task<StatusPage> ReadAsync(AccountAddress sender, long after)
    {
        RedisResult result = await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Told, [RedisKeys.Told(names.Account(sender))], [after, PageSize + 1])).ConfigureAwait(false);
        if (result.IsNull) return new StatusPage([], after, false, Reset: true);

        RedisResult[] reply = (RedisResult[])result!;
        long upto = after;
        List<StatusChange> changes = [];
        for (int i = 1; i + 1 < reply.Length && changes.Count < PageSize; i += 2)
        {
            upto = Number(reply[i + 1]);
            byte[] change = (byte[])reply[i]!;
            if (change.Length != ChangeBytes) continue;   // the mark
            changes.Add(new StatusChange(new Guid(change.AsSpan(1, 16), bigEndian: true), (MessageState)(change[0] - '0'), MailboxMember.Time(change.AsSpan(17))));
        }

        return new StatusPage(changes, upto, More: reply.Length > 2 * PageSize, Reset: after < Number(reply[0]));
    }

    private static long Number(RedisResult score) => long.Parse(score.ToString(), CultureInfo.InvariantCulture);
}
