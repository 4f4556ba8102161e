using Load.Scenarios;

namespace Load.Ledger;

/// <summary>One message, from its making to its end. 15,000 users make hundreds of thousands: no references.</summary>
internal struct LedgerEntry
{
    /// <summary>What it was accepted under; by POST and gRPC what it was sent under.</summary>
    public Guid Id;

    /// <summary>What it was delivered under.</summary>
    public Guid DeliveredId;

    public int Sender;
    public int Recipient;
    public long DueNs;
    public long SentNs;
    public long AcceptedNs;
    public long DeliveredNs;

    /// <summary>Of the recipient's connections the one by which it came first.</summary>
    public int DeliveredGeneration;

    public int Copies;
    public Way Way;
    public SendState State;

    /// <summary>It was due in the measured time.</summary>
    public bool Counts;

    /// <summary>The recipient meant to be online when it was sent, whether the server had it or not.</summary>
    public bool ToOnline;
}

/// <summary>What the sender knows.</summary>
internal enum SendState : byte
{
    Sent,
    Accepted,
    Refused,

    /// <summary>No answer: it may have been accepted, and may come. Its sender was promised nothing.</summary>
    Unknown,
}
