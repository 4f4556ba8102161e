namespace Edge.Sip.Transport;

/// <summary>Why a connection ended. The first one stands; the rest are consequences.</summary>
internal enum EndReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The peer closed it.</summary>
    PeerClosed,

    /// <summary>Reading or writing failed: reset, or nothing acknowledged for too long.</summary>
    Broken,

    /// <summary>No TLS session came about.</summary>
    HandshakeFailed,

    /// <summary>The TLS handshake took too long.</summary>
    HandshakeTimeout,

    /// <summary>No whole request came in time.</summary>
    FirstRequestTimeout,

    /// <summary>A message was begun and not finished in time.</summary>
    MessageTimeout,

    /// <summary>No account is registered on it.</summary>
    NotRegistered,

    /// <summary>An outbound client sent nothing, not even a ping, for too long (RFC 5626 §4.4.1).</summary>
    Silent,

    /// <summary>The bytes cannot be framed any more.</summary>
    FramingFault,

    /// <summary>Too many TLS records that carry nothing: key updates, new handshakes.</summary>
    IdleRecords,

    /// <summary>The peer does not read what it asked for.</summary>
    SlowReader,

    /// <summary>The account has another password, or is gone.</summary>
    Revoked,

    /// <summary>The edge stops.</summary>
    Stopping,

    /// <summary>A fault of this program.</summary>
    InternalFault,
}

/// <summary>Names of the reasons in metrics and logs. Never renamed: dashboards rely on them.</summary>
internal static class EndReasons
{
    public static string Tag(EndReason reason) => reason switch
    {
        EndReason.None => "none",
        EndReason.PeerClosed => "peer_closed",
        EndReason.Broken => "broken",
        EndReason.HandshakeFailed => "handshake_failed",
        EndReason.HandshakeTimeout => "handshake_timeout",
        EndReason.FirstRequestTimeout => "first_request_timeout",
        EndReason.MessageTimeout => "message_timeout",
        EndReason.NotRegistered => "not_registered",
        EndReason.Silent => "silent",
        EndReason.FramingFault => "framing_fault",
        EndReason.IdleRecords => "idle_records",
        EndReason.SlowReader => "slow_reader",
        EndReason.Revoked => "revoked",
        EndReason.Stopping => "stopping",
        EndReason.InternalFault => "internal_fault",
        _ => throw new System.Diagnostics.UnreachableException($"no name for {reason}"),
    };
}
