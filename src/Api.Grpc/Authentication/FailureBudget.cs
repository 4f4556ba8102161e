using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Api.Grpc.Options;
using Core.Store.Accounts;
using Core.Store.Limits;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Authentication;

/// <summary>What failed logins cost: by account, shared by HTTPS, gRPC and SIP, and by address where the core sees it.</summary>
/// <remarks>
/// An account's first five failures are free; then nobody logs in to it for 1 s, doubling with each further failure to 60 s. Ten quiet minutes
/// forget them. An address from which the account logged in within the hour is not locked out by the failures of others, and no running
/// registration ever is: tickets do not pass here. Kept by each core for itself, and bounded.
/// </remarks>
internal sealed class FailureBudget(TimeProvider time, ILimits limits, IOptions<ApiOptions> options)
{
    private const int MostEntries = 100_000;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ProvenFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan ProvenAgain = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AddressWindow = TimeSpan.FromMinutes(1);

    private readonly ApiOptions _options = options.Value;
    private readonly ConcurrentDictionary<AccountAddress, Failures> _accounts = new();
    private readonly ConcurrentDictionary<IPAddress, Failures> _addresses = new();
    private readonly ConcurrentDictionary<(AccountAddress, IPAddress), DateTimeOffset> _proven = new();

    /// <summary>How long this login has to wait; null if it may go on. Ask before and after the check: guesses sent at once gain nothing.</summary>
    /// <param name="account">Whose login.</param>
    /// <param name="address">From where; null by SIP through a proxy, whose users share one.</param>
    public TimeSpan? Wait(AccountAddress account, IPAddress? address)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (address is not null && WaitOfAddress(address, now) is { } byAddress) return byAddress;
        if (!_accounts.TryGetValue(account, out Failures? failures)) return null;
        if (address is not null && _proven.TryGetValue((account, Network(address)), out DateTimeOffset proven) && now - proven < ProvenFor) return null;
        lock (failures) return failures.Until > now ? failures.Until - now : null;
    }

    /// <summary>The same for a credential that belongs to no account.</summary>
    public TimeSpan? Wait(IPAddress address) => WaitOfAddress(address, time.GetUtcNow());

    /// <summary>Counts a failed login.</summary>
    public void Failed(AccountAddress account, IPAddress? address)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (address is not null)
        {
            _proven.TryRemove((account, Network(address)), out _);
            Failed(address);
        }

        Failures failures = Entry(_accounts, account, now);
        lock (failures)
        {
            if (now - failures.Last > ForgetAfter) failures.Count = 0;
            failures.Count++;
            failures.Last = now;
            if (failures.Count < _options.FreeFailures) return;
            double seconds = Math.Pow(2, Math.Min(failures.Count - _options.FreeFailures, 10));
            failures.Until = now + TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds));
        }
    }

    /// <summary>Counts a failure of a credential that belongs to no account.</summary>
    public void Failed(IPAddress address)
    {
        if (IsExempt(address)) return;
        DateTimeOffset now = time.GetUtcNow();
        Failures failures = Entry(_addresses, Network(address), now);
        lock (failures)
        {
            if (failures.Until <= now)
            {
                failures.Count = 0;
                failures.Until = now + AddressWindow;
            }

            failures.Count++;
            failures.Last = now;
        }
    }

    /// <summary>Remembers where an account logs in from.</summary>
    public void Succeeded(AccountAddress account, IPAddress address)
    {
        DateTimeOffset now = time.GetUtcNow();
        (AccountAddress, IPAddress) key = (account, Network(address));
        if (_proven.TryGetValue(key, out DateTimeOffset proven) && now - proven < ProvenAgain) return;
        if (_proven.Count >= MostEntries) _proven.Clear();
        _proven[key] = now;
    }

    private TimeSpan? WaitOfAddress(IPAddress address, DateTimeOffset now)
    {
        if (IsExempt(address) || !_addresses.TryGetValue(Network(address), out Failures? failures)) return null;
        lock (failures) return failures.Count >= limits.Current.Address.FailedAuthenticationsPerMinute && failures.Until > now ? failures.Until - now : null;
    }

    private bool IsExempt(IPAddress address) => _options.ExemptLoopback && IPAddress.IsLoopback(address);

    /// <summary>One subscriber has a whole /64 of IPv6.</summary>
    internal static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private static Failures Entry<TKey>(ConcurrentDictionary<TKey, Failures> entries, TKey key, DateTimeOffset now) where TKey : notnull
    {
        if (entries.Count >= MostEntries)
        {
            foreach ((TKey old, Failures failures) in entries)
            {
                if (now - failures.Last > ForgetAfter) entries.TryRemove(old, out _);
            }

            if (entries.Count >= MostEntries) entries.Clear();   // under such an attack the addresses' limit at the edge of the network has to hold
        }

        return entries.GetOrAdd(key, static _ => new Failures());
    }

    private sealed class Failures
    {
        public int Count { get; set; }

        public DateTimeOffset Last { get; set; }

        /// <summary>For an account: nobody logs in before. For an address: the end of its minute.</summary>
        public DateTimeOffset Until { get; set; }
    }
}
