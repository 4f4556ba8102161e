using System.Collections.Concurrent;
using Core.Store.Mailboxes;
using Core.Store.Redis;

namespace Core.Store.Accounts;

/// <summary>What this core has read of accounts in the last 5 seconds: a new password or a deletion takes effect everywhere within that.</summary>
/// <remarks>
/// Only what exists is remembered: an account works the moment it is made, and made-up names fill nothing.
/// Who asks for what is 3 seconds old is told to read it again: a client that sends all the time never waits for its account.
/// </remarks>
internal sealed class KnownAccounts(RedisConnection redis, TimeProvider time)
{
    /// <summary>At about 300 bytes an account: 15 MB at most.</summary>
    private const int Most = 50_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RenewedAfter = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<AccountAddress, Entry> _known = new();
    private int _added;   // about as many as there are: the dictionary's own count would take all of its locks

    /// <summary>The verifiers read within the last 5 seconds; null if none were.</summary>
    /// <param name="renew">Whether the caller is to read them again, in the background: one caller is told so.</param>
    public AccountVerifiers? Verifiers(AccountAddress address, out bool renew)
    {
        renew = false;
        if (!_known.TryGetValue(address, out Entry? known)) return null;
        TimeSpan age = time.GetElapsedTime(known.Read);
        if (age >= Lifetime) return null;
        renew = age >= RenewedAfter && known.Verifiers is not null && known.TryRenew();
        return known.Verifiers;
    }

    /// <summary>Remembers.</summary>
    /// <param name="verifiers">Null when only the existence was asked for.</param>
    /// <param name="read">Timestamp from before the read.</param>
    public void Remember(AccountAddress address, AccountVerifiers? verifiers, long read)
    {
        if (!_known.ContainsKey(address) && Interlocked.Increment(ref _added) >= Most)
        {
            Volatile.Write(ref _added, 0);
            _known.Clear();
        }

        _known[address] = new Entry(verifiers, read);
    }

    /// <summary>Forgets what has changed.</summary>
    public void Forget(AccountAddress address) => _known.TryRemove(address, out _);

    /// <summary>Whether there is such an account, or was within the last 5 seconds.</summary>
    public async ValueTask<bool> ExistsAsync(AccountAddress address, AccountName name)
    {
        if (_known.TryGetValue(address, out Entry? known) && time.GetElapsedTime(known.Read) < Lifetime) return true;
        long read = time.GetTimestamp();
        if (!await redis.Database.HashExistsAsync(RedisKeys.Accounts(name.Partition), name.Handle).ConfigureAwait(false)) return false;
        Remember(address, null, read);
        return true;
    }

    private sealed class Entry(AccountVerifiers? verifiers, long read)
    {
        private int _renewing;

        public AccountVerifiers? Verifiers => verifiers;

        /// <summary>Timestamp from before the read.</summary>
        public long Read => read;

        /// <returns>True once.</returns>
        public bool TryRenew() => Volatile.Read(ref _renewing) == 0 && Interlocked.Exchange(ref _renewing, 1) == 0;
    }
}
