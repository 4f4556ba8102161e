namespace Edge.Sip.Transactions;

/// <summary>What the caller has to do after a step.</summary>
[Flags]
internal enum TxEffect
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Server: send the response at hand.</summary>
    Send = 1,

    /// <summary>Server: send the last response again.</summary>
    SendAgain = 2,

    /// <summary>Tell whoever waits: the response (client), the timeout or the lost connection.</summary>
    TellOwner = 4,

    /// <summary>Server: start timer J.</summary>
    StartTimerJ = 8,

    /// <summary>Client: stop timer F.</summary>
    StopTimerF = 16,

    /// <summary>Client: start timer K.</summary>
    StartTimerK = 32,
}
