namespace Core.Store.Envelopes;

/// <summary>One key of the ring.</summary>
/// <param name="Id">Stands in front of what it sealed; never given twice.</param>
/// <param name="Bytes">32 random bytes.</param>
internal sealed record RingKey(uint Id, byte[] Bytes)
{
    /// <summary>HMAC under this key.</summary>
    public KeyedHash Hash { get; } = new(Bytes);

    /// <summary>Hides the key.</summary>
    public override string ToString() => $"key {Id}";
}
