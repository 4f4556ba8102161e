namespace Core.Store;

/// <summary>What operators do with the key ring by hand; what is due by time happens by itself.</summary>
public interface IKeyAdministration
{
    /// <summary>Which key still seals what: looks at everything in Redis.</summary>
    Task<IReadOnlyList<KeyUse>> AuditAsync();

    /// <summary>Makes new keys now, as if they were due. They seal after the activation delay.</summary>
    void Rotate();

    /// <summary>After a leak of the ring: new keys, everything that can be sealed anew is, and the keys from before are wiped. Takes the activation delay and more.</summary>
    /// <param name="said">Told what is done, line by line.</param>
    /// <param name="cancellation">Ends it between two steps; it may be begun again.</param>
    /// <exception cref="StoreUnavailableException">Redis or the ring cannot be used; nothing was wiped.</exception>
    Task RekeyAsync(Action<string> said, CancellationToken cancellation);
}

/// <summary>A key and what it still seals.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Purpose">message, fingerprint, account or name.</param>
/// <param name="Created">When it was made; null if the ring does not have it (any more).</param>
/// <param name="Activates">From when on it seals.</param>
/// <param name="Seals">Whether it is the one that seals now.</param>
/// <param name="Count">Records, receipt requests, claims or accounts under it.</param>
public sealed record KeyUse(uint Id, string Purpose, DateTimeOffset? Created, DateTimeOffset? Activates, bool Seals, long Count);
