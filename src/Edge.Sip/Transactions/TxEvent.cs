namespace Edge.Sip.Transactions;

/// <summary>What happens to a non-INVITE transaction.</summary>
internal enum TxEvent
{
    /// <summary>Server: the same request came again.</summary>
    Repeat,

    /// <summary>A 1xx: from the peer (client), from our own logic (server).</summary>
    Provisional,

    /// <summary>A final response: from the peer (client), from our own logic (server).</summary>
    Final,

    /// <summary>Client: no final response in time.</summary>
    TimerF,

    /// <summary>Server: repeats are not expected any more.</summary>
    TimerJ,

    /// <summary>Client: repeated responses are not expected any more.</summary>
    TimerK,

    /// <summary>The connection ended.</summary>
    TransportFailed,
}
