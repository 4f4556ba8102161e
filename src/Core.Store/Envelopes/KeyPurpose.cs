namespace Core.Store.Envelopes;

/// <summary>What a key of the ring is for. A key serves one purpose only.</summary>
internal enum KeyPurpose
{
    /// <summary>Seals texts.</summary>
    Message,

    /// <summary>Fingerprints of recipient and text in the ledger.</summary>
    Fingerprint,

    /// <summary>Seals account records.</summary>
    Account,

    /// <summary>Names and partitions of Redis keys, and what cores derive alike. Never rotated: losing it loses everything.</summary>
    Name,
}
