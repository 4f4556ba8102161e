namespace Edge.Sip.Transactions;

/// <summary>The timers of RFC 3261 §17, table 4, for a reliable transport: nothing is sent twice, so E, J and K do not run.</summary>
internal static class SipTimers
{
    /// <summary>Estimated round trip: 500 ms.</summary>
    public static TimeSpan T1 { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a request waits for its final response: 64 × T1 = 32 s.</summary>
    public static TimeSpan F { get; } = 64 * T1;

    /// <summary>How long a server transaction stays for repeats: none come over TLS.</summary>
    public static TimeSpan J { get; } = TimeSpan.Zero;

    /// <summary>How long a client transaction stays for repeated responses: none come over TLS.</summary>
    public static TimeSpan K { get; } = TimeSpan.Zero;
}
