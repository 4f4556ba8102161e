namespace Edge.Sip.Transactions;

/// <summary>What a MESSAGE to a recipient's device says. Equal on every attempt, the branch apart (spec, "Delivered by SIP").</summary>
internal readonly ref struct OutboundMessage
{
    /// <summary>The Contact URI that was registered.</summary>
    public ReadOnlySpan<byte> RequestUri { get; init; }

    /// <summary>The values of the Path headers of the registration, in order; empty if there was none (RFC 3327 §5.4).</summary>
    public ReadOnlySpan<byte> Route { get; init; }

    /// <summary>Host, or host and port, that this server calls itself.</summary>
    public ReadOnlySpan<byte> SentBy { get; init; }

    /// <summary>32 hex digits, random, new on every attempt.</summary>
    public ReadOnlySpan<byte> BranchDigits { get; init; }

    /// <summary>The served domain: host of From, To and Call-ID.</summary>
    public ReadOnlySpan<byte> Domain { get; init; }

    /// <summary>The sender's user name.</summary>
    public ReadOnlySpan<byte> Sender { get; init; }

    /// <summary>The recipient's user name.</summary>
    public ReadOnlySpan<byte> Recipient { get; init; }

    /// <summary>16 hex digits of HMAC(sender): the From tag and part of the Call-ID.</summary>
    public ReadOnlySpan<byte> SenderTag { get; init; }

    /// <summary>The message's id, a UUID in lower case.</summary>
    public ReadOnlySpan<byte> MessageId { get; init; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset AcceptTime { get; init; }

    /// <summary>Its whole life from acceptance to expiry, in seconds: the same on every attempt (spec S28), 72 h unless the operator says otherwise.</summary>
    public long ValidSeconds { get; init; }

    /// <summary>What the body is; empty for a text.</summary>
    public ReadOnlySpan<byte> ContentType { get; init; }

    /// <summary>The text, UTF-8, or a receipt.</summary>
    public ReadOnlySpan<byte> Body { get; init; }

    /// <summary>Hides addresses and text: they never reach a log.</summary>
    public override string ToString() => "message";
}
