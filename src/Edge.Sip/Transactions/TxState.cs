namespace Edge.Sip.Transactions;

/// <summary>States of both non-INVITE transactions: RFC 3261 §17.1.2 and §17.2.2.</summary>
internal enum TxState
{
    /// <summary>The request is out, or in, and nothing has answered it.</summary>
    Trying,

    /// <summary>A provisional response was seen.</summary>
    Proceeding,

    /// <summary>A final response was seen.</summary>
    Completed,

    /// <summary>Over.</summary>
    Terminated,
}
