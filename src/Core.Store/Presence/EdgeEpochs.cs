using Core.Store.Mailboxes;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Presence;

/// <summary>Epochs from Redis: one counter an edge, and the epochs of its last 16 starts; and whether it is there at all.</summary>
internal sealed class EdgeEpochs(RedisConnection redis, StoreNames names, TimeProvider time) : IEdgeEpochs
{
    /// <summary>How long an edge without a link to any core is not yet gone.</summary>
    public static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(30);

    /// <summary>An edge of which no core has heard for so long is forgotten: names of edges and cores may be made anew with every start.</summary>
    private static readonly RedisValue RememberedFor = (long)TimeSpan.FromDays(30).TotalMilliseconds;

    /// <inheritdoc/>
    public async Task<long> EpochOfAsync(string edgeId, ReadOnlyMemory<byte> instance)
    {
        ArgumentException.ThrowIfNullOrEmpty(edgeId);
        if (instance.Length != 16) throw new ArgumentException("16 random bytes", nameof(instance));
        return (long)await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Epoch, [RedisKeys.Epochs(names.Edge(edgeId))], [instance, time.GetUtcNow().ToUnixTimeSeconds(), RememberedFor])).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task SeenAsync(string edgeId)
    {
        AccountName edge = names.Edge(edgeId);
        return redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Seen, [RedisKeys.Alive(edge), RedisKeys.Epochs(edge)], [(long)AliveFor.TotalMilliseconds, RememberedFor]));
    }

    /// <summary>Whether a flow's edge has started anew, or no core has had a link to it for 30 s.</summary>
    public async Task<bool> IsGoneAsync(FlowId flow)
    {
        AccountName edge = names.Edge(flow.EdgeId);
        Task<RedisValue> last = redis.Database.HashGetAsync(RedisKeys.Epochs(edge), "last");
        bool alive = await redis.Database.KeyExistsAsync(RedisKeys.Alive(edge)).ConfigureAwait(false);
        return !alive || (await last.ConfigureAwait(false)).TryParse(out long epoch) && epoch > flow.Epoch;
    }
}
