using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Core.Store.Accounts;

/// <summary>Reads single accounts from Redis.</summary>
internal sealed class AccountRecords(RedisConnection redis, KeyRing ring, ILogger<AccountRecords> logger)
{
    private const int ScannedAtOnce = 256;

    /// <summary>The account of a name; null without one, or if it does not open.</summary>
    public async Task<AccountRecord?> FindAsync(AccountName name) => (await ReadAsync(name).ConfigureAwait(false)).Record;

    /// <summary>The same, and null if its key is missing: for what can be shown without it.</summary>
    public async Task<AccountRecord?> TryFindAsync(AccountName name)
    {
        try
        {
            return await FindAsync(name).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            NotOpened();
            return null;
        }
    }

    /// <summary>The account and the bytes it was read from.</summary>
    public async Task<(AccountRecord? Record, RedisValue Value)> ReadAsync(AccountName name)
    {
        RedisValue value = await redis.Database.HashGetAsync(RedisKeys.Accounts(name.Partition), name.Handle).ConfigureAwait(false);
        return (Open(name, value), value);
    }

    /// <summary>Opens a value read elsewhere; null if there is none, or if it does not open.</summary>
    /// <exception cref="StoreUnavailableException">The ring lacks its key.</exception>
    public AccountRecord? Open(AccountName name, RedisValue value)
    {
        if (value.IsNull) return null;
        AccountRecord? account = AccountRecord.Open(ring, name, ((ReadOnlyMemory<byte>)value).Span);
        if (account is null) NotOpened();
        return account;
    }

    /// <summary>All accounts of a partition as they are stored, some at a time. One that is written meanwhile may come twice, as HSCAN has it.</summary>
    public async IAsyncEnumerable<IReadOnlyList<(AccountName Name, byte[] Value)>> ScanAsync(int partition)
    {
        string cursor = "0";
        do
        {
            RedisResult[] scan = (RedisResult[])(await redis.WithinDeadlineAsync(
                redis.Database.ExecuteAsync("HSCAN", RedisKeys.Accounts(partition), cursor, "COUNT", ScannedAtOnce)).ConfigureAwait(false))!;
            cursor = scan[0].ToString();
            yield return [.. ((RedisResult[])scan[1]!).Chunk(2).Select(field => (new AccountName((byte[])field[0]!, partition), (byte[])field[1]!))];
        }
        while (cursor != "0");
    }

    /// <summary>Says that an account could not be opened.</summary>
    public void NotOpened() => StoreLog.AccountNotOpened(logger);
}
