using Core.Store.Diagnostics;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Who sweeps what: 64 shares, share s being the partitions s, s + 64, s + 128 ...; each is leased to one core.</summary>
/// <remarks>
/// A lease saves work; correctness does not hang on it, since two sweeps of one account are harmless. 64 leases and not one a partition:
/// renewing costs a write each, and an idle store should be idle. Cores alive share them out evenly: each takes free ones up to its part
/// and gives back what it has above it.
/// </remarks>
internal sealed class SweepLeases(RedisConnection redis, SweepOptions sweep, TimeProvider time, IOptions<CoreStoreOptions> options, ILogger<SweepLeases> logger)
{
    public const int Shares = 64;

    private readonly RedisValue _core = options.Value.CoreId;
    private readonly SortedSet<int> _held = [];
    private long? _renewed;

    /// <summary>The shares this core holds.</summary>
    public IReadOnlyCollection<int> Held => _held;

    /// <summary>The partitions this core sweeps.</summary>
    public IEnumerable<int> Partitions
    {
        get
        {
            foreach (int share in _held)
            {
                for (int partition = share; partition < StoreNames.Partitions; partition += Shares) yield return partition;
            }
        }
    }

    /// <summary>Renews what is held when it is time to, takes what is free, gives back what is too much.</summary>
    public async Task TendAsync()
    {
        if (_renewed is { } last && time.GetElapsedTime(last) < sweep.RenewEvery) return;
        if (_renewed is { } old && time.GetElapsedTime(old) >= sweep.LeaseLifetime) _held.Clear();   // too late: they may be another's by now

        int cores = await CountCoresAsync().ConfigureAwait(false);
        int part = (Shares + cores - 1) / cores;
        int before = _held.Count;

        List<int> surplus = [.. _held.Reverse().Take(Math.Max(0, _held.Count - part))];
        await Task.WhenAll(surplus.Select(ReleaseAsync)).ConfigureAwait(false);
        _held.ExceptWith(surplus);

        List<int> wanted = [.. _held];
        if (_held.Count < part)
        {
            RedisValue[] holders = await Task.WhenAll(Enumerable.Range(0, Shares).Select(s => redis.Database.StringGetAsync(RedisKeys.Lease(s)))).ConfigureAwait(false);
            wanted.AddRange(Enumerable.Range(0, Shares).Where(s => !_held.Contains(s) && (holders[s].IsNull || holders[s] == _core)).Take(part - _held.Count));
        }

        long asked = time.GetTimestamp();
        bool[] mine = await Task.WhenAll(wanted.Select(TakeAsync)).ConfigureAwait(false);
        _held.Clear();
        _held.UnionWith(wanted.Where((_, i) => mine[i]));
        _renewed = asked;
        if (_held.Count != before) StoreLog.SharesChanged(logger, _held.Count, Shares, cores);
    }

    /// <summary>Gives everything back: at a planned stop the others need not wait for the leases to end.</summary>
    public async Task ReleaseAllAsync()
    {
        await Task.WhenAll(_held.Select(ReleaseAsync)).ConfigureAwait(false);
        _held.Clear();
        await redis.Database.SortedSetRemoveAsync(RedisKeys.Cores, _core).ConfigureAwait(false);
    }

    private async Task<int> CountCoresAsync()
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        long dead = now - (long)sweep.LeaseLifetime.TotalMilliseconds;
        RedisResult count = await redis.EvaluateAsync(RedisScript.Sign, [RedisKeys.Cores], [_core, now, dead]).ConfigureAwait(false);
        return Math.Clamp((int)count, 1, Shares);
    }

    private async Task<bool> TakeAsync(int share) =>
        (int)await redis.EvaluateAsync(RedisScript.Lease, [RedisKeys.Lease(share)], [_core, (long)sweep.LeaseLifetime.TotalMilliseconds]).ConfigureAwait(false) == 1;

    private Task ReleaseAsync(int share) => redis.EvaluateAsync(RedisScript.Release, [RedisKeys.Lease(share)], [_core]);
}
