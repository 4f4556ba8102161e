using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Keys;

/// <summary>Seals every account with the key that seals now.</summary>
internal sealed class AccountResealing(RedisConnection redis, KeyRing ring, AccountRecords accounts)
{
    /// <summary>Goes through all accounts, a partition at a time.</summary>
    /// <returns>Keys that some account is still sealed with: it was changed just then, or does not open.</returns>
    public async Task<IReadOnlySet<uint>> ResealAsync()
    {
        HashSet<uint> left = [];
        uint current = ring.Current(KeyPurpose.Account).Id;
        for (int partition = 0; partition < StoreNames.Partitions; partition++)
        {
            await foreach (IReadOnlyList<(AccountName Name, byte[] Value)> some in accounts.ScanAsync(partition).ConfigureAwait(false))
            {
                List<Task<uint?>> under = [];
                foreach ((AccountName name, byte[] value) in some)
                {
                    if (AccountRecord.KeyOf(value) is { } id && id != current) under.Add(ResealAsync(name, value, id));
                }

                foreach (uint? id in await Task.WhenAll(under).ConfigureAwait(false))
                {
                    if (id is { } remaining) left.Add(remaining);
                }
            }
        }

        return left;
    }

    /// <returns>The key it is still sealed with; null if it is the newest one now.</returns>
    private async Task<uint?> ResealAsync(AccountName name, byte[] value, uint key)
    {
        if (!ring.TryGet(KeyPurpose.Account, key, out _)) return null;   // lost long ago: it holds up no key that is there
        if (accounts.Open(name, value) is not { } account) return null;   // altered: no key opens it, so it needs none
        RedisResult[] written = (RedisResult[])(await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.ReplaceAccount, [RedisKeys.Accounts(name.Partition), RedisKeys.Bindings(name)], [name.Handle, value, account.Seal(ring, name), "0"])).ConfigureAwait(false))!;
        return (int)written[0] == 1 ? null : key;   // else it has been changed meanwhile: the next round looks
    }
}
