namespace Core.Store.Envelopes;

/// <summary>Keys that every core derives alike from the key ring's name key: nothing to store, nothing to agree on.</summary>
public interface IDerivedKeys
{
    /// <summary>HKDF-SHA256 (RFC 5869) over the name key with a purpose, for example <c>"delivery-token"</c> or <c>"nonce 489123"</c>.</summary>
    /// <returns>32 bytes, always the same for a purpose.</returns>
    byte[] Derive(string purpose);

    /// <summary>HMAC under <see cref="Derive"/>'s key: for tags and tokens.</summary>
    KeyedHash Hash(string purpose) => new(Derive(purpose));
}
