using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Core.Store.Telling;
using StackExchange.Redis;

namespace Core.Store.Keys;

/// <summary>Seals every waiting message and every receipt request with the key that seals now: after a leak, not day by day.</summary>
internal sealed class MessageResealing(RedisConnection redis, KeyAudit audit, MessageEnvelope envelopes, SealedReceiptRequest receipts)
{
    private const int AtOnce = 256;

    /// <summary>Goes through all mailboxes and claims once.</summary>
    /// <returns>How many were sealed anew.</returns>
    public async Task<long> ResealAsync()
    {
        long done = 0;
        await foreach ((char kind, RedisKey[] keys) in audit.ScanAsync("ml").ConfigureAwait(false))
        {
            foreach (RedisKey[] some in keys.Chunk(AtOnce))
            {
                long[] counts = await Task.WhenAll(some.Select(key => kind == 'm' ? MailboxAsync(key) : ClaimAsync(key))).ConfigureAwait(false);
                done += counts.Sum();
            }
        }

        return done;
    }

    private async Task<long> MailboxAsync(RedisKey mailbox)
    {
        AccountName recipient = RedisKeys.NameOf(mailbox);
        RedisValue[] members = await redis.WithinDeadlineAsync(redis.Database.SortedSetRangeByRankAsync(mailbox)).ConfigureAwait(false);
        long done = 0;
        foreach (RedisValue[] some in members.Chunk(AtOnce))
        {
            done += (await Task.WhenAll(some.Select(member => RecordAsync(recipient, MailboxMember.Name((byte[])member!)))).ConfigureAwait(false)).Sum();
        }

        return done;
    }

    private async Task<long> RecordAsync(AccountName recipient, byte[] name)
    {
        RedisKey key = RedisKeys.Record(recipient.Partition, name);
        RedisValue value = await redis.WithinDeadlineAsync(redis.Database.StringGetAsync(key)).ConfigureAwait(false);
        if (value.IsNull) return 0;
        byte[] record = (byte[])value!;
        return envelopes.Reseal(record, recipient) is { } fresh ? await WriteAsync(key, 0, record[..MessageEnvelope.StampBytes], fresh).ConfigureAwait(false) : 0;
    }

    private async Task<long> ClaimAsync(RedisKey key)
    {
        RedisValue value = await redis.WithinDeadlineAsync(redis.Database.StringGetRangeAsync(key, LedgerEntry.Bytes, -1)).ConfigureAwait(false);
        if (value.IsNullOrEmpty) return 0;   // no receipts asked for
        byte[] request = (byte[])value!;
        return receipts.Reseal(request, RedisKeys.NameOf(key).Handle) is { } fresh
            ? await WriteAsync(key, LedgerEntry.Bytes, request[..SealedReceiptRequest.HeaderBytes], fresh).ConfigureAwait(false)
            : 0;
    }

    private async Task<long> WriteAsync(RedisKey key, int from, byte[] stamp, byte[] fresh) =>
        (long)await redis.WithinDeadlineAsync(redis.EvaluateAsync(RedisScript.Reseal, [key], [from, stamp, fresh])).ConfigureAwait(false);
}
