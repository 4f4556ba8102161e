namespace Edge.Sip.Transactions;

/// <summary>What a response says of the way its request came, beside what the request says itself.</summary>
internal readonly ref struct ResponseOrigin
{
    /// <summary>The peer's address as text, IPv6 without brackets.</summary>
    public ReadOnlySpan<byte> Address { get; init; }

    /// <summary>The peer's port.</summary>
    public int Port { get; init; }

    /// <summary>The tag to give To if it has none: a token.</summary>
    public ReadOnlySpan<byte> ToTag { get; init; }
}
