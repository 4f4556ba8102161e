using Core.Store.Mailboxes;
using Core.Store.Redis;

namespace Core.Store.Presence;

/// <summary>Epochs from Redis: one counter an edge, and the epochs of its last 16 starts.</summary>
internal sealed class EdgeEpochs(RedisConnection redis, StoreNames names, TimeProvider time) : IEdgeEpochs
{
    /// <inheritdoc/>
    public async Task<long> EpochOfAsync(string edgeId, ReadOnlyMemory<byte> instance)
    {
        ArgumentException.ThrowIfNullOrEmpty(edgeId);
        if (instance.Length != 16) throw new ArgumentException("16 random bytes", nameof(instance));
        return (long)await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Epoch, [RedisKeys.Epochs(names.Edge(edgeId))], [instance, time.GetUtcNow().ToUnixTimeSeconds()])).ConfigureAwait(false);
    }
}
