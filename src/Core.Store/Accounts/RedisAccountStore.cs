using System.Security.Cryptography;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Accounts;

/// <summary>Accounts in Redis: a hash for each partition, so that enqueue can ask beside the mailbox, and lists go partition by partition.</summary>
internal sealed class RedisAccountStore(
    RedisConnection redis, KeyRing ring, StoreNames names, AccountRecords records, KnownAccounts known, Revocations revocations, SessionJournal sessions, MessageEnding ending, TimeProvider time) : IAccountStore
{
    /// <summary>Lines of an import under way at once.</summary>
    private const int ImportAtOnce = 1_000;

    /// <summary>Partitions asked at once for a page: most are empty in a small store, and one at a time would be 1,024 round trips.</summary>
    private const int ListAtOnce = 64;

    private static readonly AccountAddress Nobody = AccountAddress.TryCreate("nobody", "invalid", out AccountAddress nobody) ? nobody : throw new InvalidOperationException("not an address");

    private volatile byte[]? _nobody;   // sealed once, and again when its key has gone

    /// <inheritdoc/>
    public Task<Account?> CreateAsync(AccountAddress address, string password) => redis.WithinDeadlineAsync(InsertAsync(address, password));

    /// <inheritdoc/>
    public async Task<Account?> UpdateAsync(AccountAddress address, string password) =>
        (await redis.WithinDeadlineAsync(ReplaceAsync(address, password)).ConfigureAwait(false))?.Account;

    /// <inheritdoc/>
    public Task<int?> DeleteAsync(AccountAddress address) => redis.WithinDeadlineAsync(RemoveAsync(address));

    /// <inheritdoc/>
    public Task<Account?> GetAsync(AccountAddress address) => redis.WithinDeadlineAsync(ReadAsync(address));

    /// <inheritdoc/>
    public Task<AccountPage> ListAsync(int pageSize, string pageToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentNullException.ThrowIfNull(pageToken);
        return redis.WithinDeadlineAsync(ScanAsync(pageSize, AccountPageToken.Parse(pageToken)));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<(AccountAddress Address, string Password)> accounts)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        List<ImportOutcome> outcomes = new(accounts.Count);
        foreach ((AccountAddress Address, string Password)[] some in accounts.Chunk(ImportAtOnce))
        {
            outcomes.AddRange(await redis.WithinDeadlineAsync(Task.WhenAll(some.Select(a => ImportOneAsync(a.Address, a.Password)))).ConfigureAwait(false));
        }

        return outcomes;
    }

    /// <inheritdoc/>
    public async ValueTask<AccountVerifiers?> ProveAsync(AccountAddress address, Func<AccountVerifiers, bool> proves)
    {
        ArgumentNullException.ThrowIfNull(proves);
        AccountVerifiers? remembered = Remembered(address);
        if (remembered is not null && proves(remembered)) return remembered;
        AccountVerifiers? verifiers = await ReadVerifiersAsync(address).ConfigureAwait(false);
        if (remembered is not null && verifiers?.CredentialVersion == remembered.CredentialVersion) return null;   // the same again
        bool isProved = proves(verifiers ?? OpenNobody());
        return isProved ? verifiers : null;
    }

    /// <inheritdoc/>
    public async ValueTask<AccountVerifiers?> FindVerifiersAsync(AccountAddress address) =>
        Remembered(address) ?? await ReadVerifiersAsync(address).ConfigureAwait(false);

    private AccountVerifiers? Remembered(AccountAddress address)
    {
        AccountVerifiers? verifiers = known.Verifiers(address, out bool renew);
        if (renew) _ = RenewAsync(address);
        return verifiers;
    }

    /// <summary>Ahead of time, and in a turn with what others ask.</summary>
    private async Task RenewAsync(AccountAddress address)
    {
        try
        {
            AccountName name = names.Account(address);
            long read = time.GetTimestamp();
            AccountRecord? account = await redis.AskAsync(RedisKeys.Accounts(name.Partition), () => records.FindAsync(name)).ConfigureAwait(false);
            if (account is null) known.Forget(address);
            else known.Remember(address, account.Verifiers, read);
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault) || fault is StoreUnavailableException)
        {
            // Whoever asks once it has lapsed reads it, and is told why that cannot be done.
        }
    }

    private async Task<AccountVerifiers?> ReadVerifiersAsync(AccountAddress address)
    {
        long read = time.GetTimestamp();
        AccountRecord? account = await redis.WithinDeadlineAsync(records.FindAsync(names.Account(address))).ConfigureAwait(false);
        if (account is null) return null;
        known.Remember(address, account.Verifiers, read);
        return account.Verifiers;
    }

    /// <summary>Opens a record of nobody's, as one would be opened for an account that is there. Its verifiers are of a password that nobody knows.</summary>
    private AccountVerifiers OpenNobody()
    {
        AccountName name = names.Account(Nobody);
        byte[]? value = _nobody;
        if (value is null || !ring.TryGet(KeyPurpose.Account, AccountRecord.KeyOf(value)!.Value, out _))
            _nobody = value = AccountRecord.Create(Nobody, Convert.ToHexString(RandomNumberGenerator.GetBytes(32)), DateTimeOffset.UnixEpoch).Seal(ring, name);
        return AccountRecord.Open(ring, name, value)!.Verifiers;
    }

    private async Task<Account?> InsertAsync(AccountAddress address, string password)
    {
        AccountName name = names.Account(address);
        await EndLeftoversAsync(name).ConfigureAwait(false);
        AccountRecord account = AccountRecord.Create(address, password, Now());
        bool created = await redis.Database.HashSetAsync(RedisKeys.Accounts(name.Partition), name.Handle, account.Seal(ring, name), When.NotExists).ConfigureAwait(false);
        return created ? account.ToAccount() : null;
    }

    private async Task<(Account Account, bool Changed)?> ReplaceAsync(AccountAddress address, string password)
    {
        AccountName name = names.Account(address);
        while (true)
        {
            (AccountRecord? account, RedisValue value) = await records.ReadAsync(name).ConfigureAwait(false);
            if (value.IsNull) return null;
            if (account is not null && account.Verifiers.Matches(address, password)) return (account.ToAccount(), false);

            // An account that does not open is made anew: that is how an operator mends it.
            account = account?.WithPassword(password, Now()) ?? AccountRecord.Create(address, password, Now());
            RedisResult[] written = (RedisResult[])(await redis.EvaluateAsync(
                RedisScript.ReplaceAccount, [RedisKeys.Accounts(name.Partition), RedisKeys.Bindings(name)], [name.Handle, value, account.Seal(ring, name), "1"]).ConfigureAwait(false))!;
            known.Forget(address);
            if ((int)written[0] != 1) continue;
            await revocations.RevokeAsync(address, (string)written[1]!).ConfigureAwait(false);
            await sessions.NoteRevokedAsync(name, (string)written[1]!).ConfigureAwait(false);
            return (account.ToAccount(), true);
        }
    }

    private async Task<ImportOutcome> ImportOneAsync(AccountAddress address, string password)
    {
        while (true)
        {
            if (await ReplaceAsync(address, password).ConfigureAwait(false) is { } there) return there.Changed ? ImportOutcome.Updated : ImportOutcome.Unchanged;
            if (await InsertAsync(address, password).ConfigureAwait(false) is not null) return ImportOutcome.Created;
        }
    }

    private async Task<int?> RemoveAsync(AccountAddress address)
    {
        AccountName name = names.Account(address);
        known.Forget(address);
        RedisResult result = await redis.EvaluateAsync(
            RedisScript.DeleteAccount,
            [RedisKeys.Accounts(name.Partition), RedisKeys.Bindings(name), RedisKeys.Tries(name), RedisKeys.Mailbox(name), RedisKeys.Busy(name.Partition), RedisKeys.Told(name),
                RedisKeys.Sessions(name)],
            [name.Handle]).ConfigureAwait(false);
        known.Forget(address);   // a read that was under way may have put it back
        RedisResult[] reply = (RedisResult[])result!;
        await revocations.RevokeAsync(address, (string)reply[1]!).ConfigureAwait(false);
        int ended = await ending.DropAsync(name, [.. reply.Skip(2).Select(m => (byte[])m!)], MessageState.InvalidRecipient).ConfigureAwait(false);
        return (int)reply[0] == 1 ? ended : null;
    }

    /// <summary>What still waits for an earlier account of this name is not for the new one's eyes.</summary>
    private async Task EndLeftoversAsync(AccountName name)
    {
        RedisResult left = await redis.EvaluateAsync(
            RedisScript.Orphans, [RedisKeys.Accounts(name.Partition), RedisKeys.Mailbox(name)], [name.Handle]).ConfigureAwait(false);
        await ending.DropAsync(name, [.. ((RedisResult[])left!).Select(m => (byte[])m!)], MessageState.InvalidRecipient).ConfigureAwait(false);
    }

    private async Task<Account?> ReadAsync(AccountAddress address) => (await records.FindAsync(names.Account(address)).ConfigureAwait(false))?.ToAccount();

    private async Task<AccountPage> ScanAsync(int pageSize, AccountPageToken from)
    {
        List<Account> page = [];
        int first = from.Partition;
        while (from.Partition < StoreNames.Partitions)
        {
            // As many as the page seems to need, by what the partitions so far held: what is read beyond it is read for nothing.
            int read = from.Partition - first;
            int wanted = read == 0 ? 1 : page.Count == 0 ? 2 * read : ((pageSize - page.Count) * read / page.Count) + 1;
            int partitions = Math.Min(Math.Clamp(wanted, 1, ListAtOnce), StoreNames.Partitions - from.Partition);
            RedisResult[] scans = await Task.WhenAll(Enumerable.Range(from.Partition, partitions)
                .Select(p => ScanPartitionAsync(p, p == from.Partition ? from.Cursor : "0", pageSize))).ConfigureAwait(false);
            for (int i = 0; i < scans.Length; i++)
            {
                int partition = from.Partition;
                RedisResult[] scan = (RedisResult[])scans[i]!;
                AddAccounts(page, partition, (RedisResult[])scan[1]!);
                string cursor = scan[0].ToString();
                from = cursor == "0" ? new AccountPageToken(partition + 1, "0") : new AccountPageToken(partition, cursor);
                if (page.Count >= pageSize && from.Partition < StoreNames.Partitions) return new AccountPage(page, from.ToString());
                if (cursor != "0") break;   // the rest of this partition first
            }
        }

        return new AccountPage(page, string.Empty);
    }

    private Task<RedisResult> ScanPartitionAsync(int partition, string cursor, int count) =>
        redis.Database.ExecuteAsync("HSCAN", RedisKeys.Accounts(partition), cursor, "COUNT", count);

    private void AddAccounts(List<Account> page, int partition, RedisResult[] fields)
    {
        for (int i = 0; i + 1 < fields.Length; i += 2)
        {
            AccountName name = new((byte[])fields[i]!, partition);
            try
            {
                if (records.Open(name, (byte[])fields[i + 1]!) is { } account) page.Add(account.ToAccount());
            }
            catch (StoreUnavailableException)
            {
                records.NotOpened();   // a key is missing: the others can still be listed
            }
        }
    }

    /// <summary>To the millisecond, as it is stored: what is answered now is what is read later.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
