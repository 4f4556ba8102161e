namespace Core.Store.Envelopes;

/// <summary>One key of the ring.</summary>
/// <param name="Id">Stands in front of what it sealed; never given twice, and the newer key has the higher one.</param>
/// <param name="Bytes">32 random bytes.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Activates">From when on it seals, unless there is a newer one that does: by then every core has loaded it.</param>
internal sealed record RingKey(uint Id, byte[] Bytes, DateTimeOffset Created, DateTimeOffset Activates)
{
    /// <summary>Most that one key seals in one start of a core: 256 starts together stay at 2^40, for which docs/adr/0002 argues.</summary>
    internal const long MostSeals = 1L << 32;

    private long _seals;

    /// <summary>HMAC under this key.</summary>
    public KeyedHash Hash { get; } = new(Bytes);

    /// <summary>How often it has sealed since this core loaded it.</summary>
    public long Seals
    {
        get => Volatile.Read(ref _seals);
        set => Volatile.Write(ref _seals, value);
    }

    /// <summary>Counts one more seal.</summary>
    /// <exception cref="StoreUnavailableException">It has sealed enough: a newer one is due.</exception>
    public void CountSeal()
    {
        if (Interlocked.Increment(ref _seals) > MostSeals) throw new StoreUnavailableException("A key of the ring has sealed as much as it may. Rotate the keys.");
    }

    /// <summary>Hides the key.</summary>
    public override string ToString() => $"key {Id}";
}
