namespace Core.Store.Presence;

/// <summary>Numbers the starts of edges.</summary>
public interface IEdgeEpochs
{
    /// <summary>The epoch of one process start: the same for the same instance whichever core asks, higher for each new one.</summary>
    /// <param name="edgeId">The edge's name.</param>
    /// <param name="instance">16 random bytes drawn by the edge at its start.</param>
    /// <exception cref="StoreUnavailableException">Redis did not answer.</exception>
    Task<long> EpochOfAsync(string edgeId, ReadOnlyMemory<byte> instance);

    /// <summary>This core has a link to the edge. Called every 10 s: bindings of an edge not seen by any core for 30 s are ended when something waits for them.</summary>
    /// <exception cref="StoreUnavailableException">Redis did not answer.</exception>
    Task SeenAsync(string edgeId);
}
