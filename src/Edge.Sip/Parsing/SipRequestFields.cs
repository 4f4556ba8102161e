namespace Edge.Sip.Parsing;

/// <summary>What every request has to say, read once by <see cref="SipRequestChecks"/>.</summary>
internal ref struct SipRequestFields
{
    /// <summary>The Request-URI.</summary>
    public SipUri Uri { get; internal set; }

    /// <summary>The topmost Via: whoever sent the request to us.</summary>
    public SipVia Via { get; internal set; }

    /// <summary>How many Via values there are: 1 for a directly connected client.</summary>
    public int ViaCount { get; internal set; }

    public SipAddress From { get; internal set; }

    public SipAddress To { get; internal set; }

    public ReadOnlySpan<byte> CallId { get; internal set; }

    public SipCSeq CSeq { get; internal set; }

    /// <summary>0 to 255; 70 if the header is missing, as old clients do.</summary>
    public int MaxForwards { get; internal set; }
}
