namespace Core.Store;

/// <summary>Whether the store can do its work just now: for the readiness probe.</summary>
public interface IStoreHealth
{
    /// <summary>Asks Redis, for a second at most. Never throws.</summary>
    /// <returns>True if Redis answers.</returns>
    Task<bool> IsReadyAsync();
}
