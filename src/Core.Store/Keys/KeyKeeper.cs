using System.Security.Cryptography;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Core.Store.Keys;

/// <summary>Keeps the key ring young: loads what others changed, makes keys, seals accounts anew, wipes what nothing is sealed with any more.</summary>
/// <remarks>
/// Every core looks at the file; one of them, by a lease, changes it. Two at once harm nobody: a key that one writes over the other's has sealed nothing yet.
/// When a key is wiped, counted from when its successor began to seal, so from its last seal:
/// <code>
/// message      validity and an hour (see KeyRing.StaleDelays): no record or receipt request of its time is left
/// fingerprint  lifetime of claims and an hour, and none is found: repeats prolong them
/// account      an hour, and all accounts have been sealed anew
/// name         never
/// </code>
/// </remarks>
internal sealed class KeyKeeper(
    KeyRing ring, RedisConnection redis, AccountResealing accounts, KeyAudit audit, StoreMetrics metrics, TimeProvider time,
    IOptions<CoreStoreOptions> options, ILogger<KeyKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LeaseLifetime = TimeSpan.FromSeconds(60);

    private readonly CoreStoreOptions _options = options.Value;
    private readonly TimeSpan _stale = KeyRing.StaleDelays * options.Value.KeyActivationDelay;
    private long? _claimsCounted;
    private uint _resealed;   // the account key that all accounts were found under
    private string? _fault;

    /// <summary>Does all that is due.</summary>
    public async Task TendAsync()
    {
        string? fault = ring.Refresh();
        bool tends = await LeaseAsync().ConfigureAwait(false);
        DateTimeOffset now = time.GetUtcNow();
        try
        {
            if (tends || IsWorn(KeyPurpose.Message) || IsWorn(KeyPurpose.Account)) Rotate(now);   // how often a key has sealed here nobody else knows
            if (tends) await WipeAsync(now).ConfigureAwait(false);
        }
        catch (KeyRingException broken)
        {
            fault = broken.Message;
        }

        metrics.KeyRingBroken = fault is not null;
        if (fault is not null && fault != _fault) StoreLog.KeysKept(logger, fault);
        _fault = fault;
    }

    /// <summary>Makes a key for each purpose that is due for one.</summary>
    /// <param name="now">The time.</param>
    /// <param name="all">Due or not.</param>
    /// <returns>Whether there was one.</returns>
    public bool Rotate(DateTimeOffset now, bool all = false)
    {
        if (!all && Due(now).Length == 0) return false;
        return ring.Change(keys =>
        {
            KeyPurpose[] due = all ? [KeyPurpose.Message, KeyPurpose.Fingerprint, KeyPurpose.Account] : Due(now);
            if (due.Length == 0) return null;   // another core was first
            uint id = keys.Values.SelectMany(static k => k).Max(static k => k.Id);
            Dictionary<KeyPurpose, IReadOnlyList<RingKey>> changed = new(keys);
            foreach (KeyPurpose purpose in due)
            {
                RingKey fresh = new(++id, RandomNumberGenerator.GetBytes(32), now, now + _options.KeyActivationDelay);
                changed[purpose] = [fresh, .. keys[purpose]];
                StoreLog.KeyMade(logger, fresh.Id, purpose, fresh.Activates);
            }

            return changed;
        });
    }

    /// <summary>Takes keys out of the ring, for good.</summary>
    public void Wipe(KeyPurpose purpose, IReadOnlyCollection<uint> ids)
    {
        if (ids.Count == 0) return;
        ring.Change(keys => new Dictionary<KeyPurpose, IReadOnlyList<RingKey>>(keys) { [purpose] = [.. keys[purpose].Where(k => !ids.Contains(k.Id))] });
        foreach (uint id in ids) StoreLog.KeyWiped(logger, id, purpose);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan every = _options.KeyActivationDelay / 6;
        using PeriodicTimer timer = new(every < LookAtLeastEvery ? every : LookAtLeastEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    await TendAsync().ConfigureAwait(false);
                }
#pragma warning disable CA1031 // whatever one look meets, the next one must begin
                catch (Exception fault)
#pragma warning restore CA1031
                {
                    StoreLog.KeysNotTended(logger, fault);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    /// <summary>Old keys of a purpose that ceased to seal so long ago.</summary>
    private uint[] Old(KeyPurpose purpose, DateTimeOffset now, TimeSpan since)
    {
        IReadOnlyList<RingKey> keys = ring.All(purpose);
        return [.. Enumerable.Range(1, keys.Count - 1).Where(i => keys[i - 1].Activates + since <= now).Select(i => keys[i].Id)];
    }

    private KeyPurpose[] Due(DateTimeOffset now)
    {
        List<KeyPurpose> due = [];
        foreach (KeyPurpose purpose in (ReadOnlySpan<KeyPurpose>)[KeyPurpose.Message, KeyPurpose.Fingerprint, KeyPurpose.Account])
        {
            RingKey newest = ring.All(purpose)[0];
            TimeSpan every = purpose == KeyPurpose.Account ? _options.RotateAccountKeyEvery : _options.RotateKeysEvery;
            bool isOld = every > TimeSpan.Zero && newest.Created + every <= now;
            if (isOld || IsWorn(purpose)) due.Add(purpose);
        }

        return [.. due];
    }

    /// <summary>Whether the newest key has sealed half of what it may.</summary>
    private bool IsWorn(KeyPurpose purpose) => ring.All(purpose)[0].Seals > RingKey.MostSeals / 2;

    private async Task WipeAsync(DateTimeOffset now)
    {
        Wipe(KeyPurpose.Message, Old(KeyPurpose.Message, now, _options.Validity + _stale));

        // All accounts once when the new key seals everywhere, and once more before the old one goes, for what a core that was behind has sealed since.
        uint[] accountKeys = Old(KeyPurpose.Account, now, _stale);
        uint current = ring.Current(KeyPurpose.Account).Id;
        if (accountKeys.Length > 0 || (_resealed != current && Old(KeyPurpose.Account, now, _options.KeyActivationDelay).Length > 0))
        {
            IReadOnlySet<uint> left = await accounts.ResealAsync().ConfigureAwait(false);
            if (left.Count == 0) _resealed = current;
            Wipe(KeyPurpose.Account, [.. accountKeys.Where(id => !left.Contains(id))]);
        }

        uint[] fingerprintKeys = Old(KeyPurpose.Fingerprint, now, _options.OutcomeLifetime + _stale);
        if (fingerprintKeys.Length > 0 && (_claimsCounted is not { } counted || time.GetElapsedTime(counted) >= _options.RotateKeysEvery))
        {
            _claimsCounted = time.GetTimestamp();   // a look at every key there is: seldom
            IReadOnlyDictionary<uint, long> claims = await audit.CountClaimsAsync().ConfigureAwait(false);
            Wipe(KeyPurpose.Fingerprint, [.. fingerprintKeys.Where(id => !claims.ContainsKey(id))]);
        }
    }

    private async Task<bool> LeaseAsync()
    {
        try
        {
            return (int)await redis.WithinDeadlineAsync(redis.EvaluateAsync(
                RedisScript.Lease, [RedisKeys.KeyLease], [_options.CoreId, (long)LeaseLifetime.TotalMilliseconds])).ConfigureAwait(false) == 1;
        }
        catch (StoreUnavailableException)
        {
            return false;   // others may have it; nothing is due so soon
        }
    }
}
