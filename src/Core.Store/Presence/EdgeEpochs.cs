using Core.Store.Mailboxes;
using Core.Store.Redis;
using StackExchange.Redis;

namespace Core.Store.Presence;

/// <summary>Epochs from Redis: one counter an edge, and the epochs of its last 16 starts; and whether it is there at all.</summary>
internal sealed class EdgeEpochs(RedisConnection redis, StoreNames names, TimeProvider time) : IEdgeEpochs
{
    /// <summary>How long an edge without a link to any core is not yet gone.</summary>
    public static readonly TimeSpan AliveFor = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async Task<long> EpochOfAsync(string edgeId, ReadOnlyMemory<byte> instance)
    {
        ArgumentException.ThrowIfNullOrEmpty(edgeId);
        if (instance.Length != 16) throw new ArgumentException("16 random bytes", nameof(instance));
        return (long)await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Epoch, [RedisKeys.Epochs(names.Edge(edgeId))], [instance, time.GetUtcNow().ToUnixTimeSeconds()])).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task SeenAsync(string edgeId) => redis.WithinDeadlineAsync(
        redis.EvaluateAsync(RedisScript.Seen, [RedisKeys.Alive(names.Edge(edgeId))], [(long)AliveFor.TotalMilliseconds]));

    /// <summary>Whether a flow's edge has started anew, or no core has had a link to it for 30 s.</summary>
    public async Task<bool> IsGoneAsync(FlowId flow)
    {
        AccountName edge = names.Edge(flow.EdgeId);
        Task<RedisValue> last = redis.Database.HashGetAsync(RedisKeys.Epochs(edge), "last");
        bool alive = await redis.Database.KeyExistsAsync(RedisKeys.Alive(edge)).ConfigureAwait(false);
        return !alive || (await last.ConfigureAwait(false)).TryParse(out long epoch) && epoch > flow.Epoch;
    }
}
