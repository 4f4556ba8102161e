namespace Core.Store.Presence;

/// <summary>Numbers the starts of edges.</summary>
public interface IEdgeEpochs
{
    /// <summary>The epoch of one process start: the same for the same instance whichever core asks, higher for each new one.</summary>
    /// <param name="edgeId">The edge's name.</param>
    /// <param name="instance">16 random bytes drawn by the edge at its start.</param>
    /// <exception cref="StoreUnavailableException">Redis did not answer.</exception>
    Task<long> EpochOfAsync(string edgeId, ReadOnlyMemory<byte> instance);
}
