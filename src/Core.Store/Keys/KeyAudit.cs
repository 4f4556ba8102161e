using System.Buffers.Binary;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Keys;

/// <summary>Which key still seals what. Looks at every key in Redis: for operators, and once a rotation for the fingerprints.</summary>
internal sealed class KeyAudit(RedisConnection redis, AccountRecords accounts)
{
    private const int AtOnce = 512;
    private const int ClaimBytes = LedgerEntry.Bytes + sizeof(uint);   // and the key of the receipts behind it

    /// <summary>Counts everything that is sealed or fingerprinted.</summary>
    /// <returns>For each purpose and key, how much.</returns>
    public async Task<IReadOnlyDictionary<(KeyPurpose Purpose, uint Key), long>> CountAsync()
    {
        Dictionary<(KeyPurpose, uint), long> counts = [];
        await CountAccountsAsync(counts).ConfigureAwait(false);
        await foreach ((char kind, RedisKey[] keys) in ScanAsync("rl").ConfigureAwait(false))
        {
            switch (kind)
            {
                case 'r':
                    foreach (byte[] head in await HeadsAsync(keys, MessageEnvelope.HeaderBytes).ConfigureAwait(false))
                    {
                        if (MessageEnvelope.IsRecord(head)) Add(counts, KeyPurpose.Message, MessageEnvelope.KeyOf(head));
                    }

                    break;
                default:
                    foreach (byte[] head in await HeadsAsync(keys, ClaimBytes).ConfigureAwait(false))
                    {
                        if (LedgerEntry.KeyOf(head) is not { } key) continue;
                        Add(counts, KeyPurpose.Fingerprint, key);
                        if (head.Length == ClaimBytes) Add(counts, KeyPurpose.Message, BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(LedgerEntry.Bytes)));
                    }

                    break;
            }
        }

        return counts;
    }

    /// <summary>Counts the claims of each fingerprint key.</summary>
    public async Task<IReadOnlyDictionary<uint, long>> CountClaimsAsync()
    {
        Dictionary<(KeyPurpose Purpose, uint Key), long> counts = [];
        await foreach ((_, RedisKey[] keys) in ScanAsync("l").ConfigureAwait(false))
        {
            foreach (byte[] head in await HeadsAsync(keys, LedgerEntry.Bytes).ConfigureAwait(false))
            {
                if (LedgerEntry.KeyOf(head) is { } key) Add(counts, KeyPurpose.Fingerprint, key);
            }
        }

        return counts.ToDictionary(static c => c.Key.Key, static c => c.Value);
    }

    /// <summary>All keys of some kinds, on every master.</summary>
    /// <param name="kinds">Letters behind the hash tag: see <see cref="RedisKeys"/>.</param>
    public async IAsyncEnumerable<(char Kind, RedisKey[] Keys)> ScanAsync(string kinds)
    {
        foreach (IServer server in redis.Masters)
        {
            List<(char Kind, RedisKey Key)> batch = new(AtOnce);
            await foreach (RedisKey key in server.KeysAsync(pattern: "{*}*", pageSize: AtOnce).ConfigureAwait(false))
            {
                if (RedisKeys.KindOf(key) is not { } kind || !kinds.Contains(kind, StringComparison.Ordinal)) continue;
                batch.Add((kind, key));
                if (batch.Count < AtOnce) continue;
                foreach (IGrouping<char, (char Kind, RedisKey Key)> same in batch.GroupBy(static k => k.Kind)) yield return (same.Key, [.. same.Select(static k => k.Key)]);
                batch.Clear();
            }

            foreach (IGrouping<char, (char Kind, RedisKey Key)> same in batch.GroupBy(static k => k.Kind)) yield return (same.Key, [.. same.Select(static k => k.Key)]);
        }
    }

    private async Task CountAccountsAsync(Dictionary<(KeyPurpose, uint), long> counts)
    {
        for (int partition = 0; partition < StoreNames.Partitions; partition++)
        {
            await foreach (IReadOnlyList<(AccountName Name, byte[] Value)> some in accounts.ScanAsync(partition).ConfigureAwait(false))
            {
                foreach ((_, byte[] value) in some)
                {
                    if (AccountRecord.KeyOf(value) is { } id) Add(counts, KeyPurpose.Account, id);
                }
            }
        }
    }

    private async Task<IEnumerable<byte[]>> HeadsAsync(RedisKey[] keys, int bytes)
    {
        RedisValue[] heads = await redis.WithinDeadlineAsync(Task.WhenAll(keys.Select(key => redis.Database.StringGetRangeAsync(key, 0, bytes - 1)))).ConfigureAwait(false);
        return heads.Where(static head => !head.IsNullOrEmpty).Select(static head => (byte[])head!);   // else it ended meanwhile
    }

    private static void Add(Dictionary<(KeyPurpose, uint), long> counts, KeyPurpose purpose, uint key) => counts[(purpose, key)] = counts.GetValueOrDefault((purpose, key)) + 1;
}
