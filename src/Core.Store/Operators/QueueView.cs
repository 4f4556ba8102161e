using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Operators;

/// <summary>What waits for an account, read from its mailbox; records are looked at, never opened.</summary>
internal sealed class QueueView(RedisConnection redis, StoreNames names, AccountRecords accounts, KeyRing ring, TimeProvider time)
{
    /// <exception cref="FormatException">The token is not one of ours.</exception>
    public async Task<QueuePage> ListAsync(AccountAddress account, int pageSize, string pageToken)
    {
        AccountName name = names.Account(account);
        long after = 0;
        if (pageToken.Length > 0 && !long.TryParse(pageToken, NumberStyles.None, CultureInfo.InvariantCulture, out after)) throw new FormatException("not a page token");
        RedisKey mailbox = RedisKeys.Mailbox(name);
        Task<long> waiting = redis.Database.SortedSetLengthAsync(mailbox);
        Task<RedisValue[]> oldest = redis.Database.SortedSetRangeByRankAsync(mailbox, 0, 0);
        Task<HashEntry[]> counting = redis.Database.HashGetAllAsync(RedisKeys.Tries(name));
        SortedSetEntry[] rows = await redis.Database.SortedSetRangeByScoreWithScoresAsync(mailbox, after, double.PositiveInfinity, Exclude.Start, take: pageSize).ConfigureAwait(false);
        Dictionary<RedisValue, RedisValue> tries = (await counting.ConfigureAwait(false)).ToDictionary(static one => one.Name, static one => one.Value);
        QueuedItem[] items = await Task.WhenAll(rows.Select(row => DescribeAsync(name, (byte[])row.Element!, tries.GetValueOrDefault(row.Element)))).ConfigureAwait(false);
        string next = rows.Length < pageSize ? string.Empty : ((long)rows[^1].Score).ToString(CultureInfo.InvariantCulture);
        DateTimeOffset? first = (await oldest.ConfigureAwait(false)) is [var member] ? MailboxMember.Accepted((byte[])member!) : null;
        return new QueuePage(await waiting.ConfigureAwait(false), first, items, next);
    }

    private async Task<QueuedItem> DescribeAsync(AccountName recipient, byte[] member, RedisValue tries)
    {
        RedisKey key = RedisKeys.Record(recipient.Partition, MailboxMember.Name(member));
        Task<RedisValue> reading = redis.Database.StringGetRangeAsync(key, 0, MessageEnvelope.HeaderBytes - 1);
        Task<long> length = redis.Database.StringLengthAsync(key);
        AccountRecord? sender = await accounts.TryFindAsync(MailboxMember.Sender(member)).ConfigureAwait(false);
        byte[] header = (byte[])(await reading.ConfigureAwait(false))!;
        (int count, DateTimeOffset? due) = Tries((string?)tries);
        return new QueuedItem(
            MessageEnvelope.MessageIdOf(header), sender?.Address, MailboxMember.Accepted(member), MailboxMember.Expires(member), await length.ConfigureAwait(false), count, due,
            MailboxMember.Flags(member).HasFlag(MemberFlags.Receipt), FaultOf(header));
    }

    private RecordFault? FaultOf(byte[] header)
    {
        if (header.Length == 0) return RecordFault.Missing;
        if (!MessageEnvelope.IsRecord(header)) return RecordFault.Rejected;
        return ring.TryGet(KeyPurpose.Message, MessageEnvelope.KeyOf(header), out _) ? null : RecordFault.KeyUnknown;
    }

    /// <summary>As <c>fail.lua</c> writes them; due 0 waits for a registration.</summary>
    private (int Count, DateTimeOffset? Due) Tries(string? value)
    {
        string[] parts = value?.Split(':') ?? [];
        if (parts.Length != 2) return (0, null);
        long due = long.Parse(parts[1], CultureInfo.InvariantCulture);
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), due > time.GetUtcNow().ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null);
    }
}
