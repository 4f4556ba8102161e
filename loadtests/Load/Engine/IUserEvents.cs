using Edge.Sip.Parsing;

namespace Load.Engine;

/// <summary>What users go through. On the loop's thread.</summary>
internal interface IUserEvents
{
    /// <summary>REGISTER was answered with 200.</summary>
    /// <param name="fromNs">When its way began: for a first one with the connection, for a refresh with the request, or when it was due.</param>
    void Registered(VirtualUser user, long fromNs, long nowNs, bool refresh, bool resumed);

    /// <summary>It is not online, or no longer; if it wants to be, it tries again by itself.</summary>
    /// <param name="why">From a closed set, without anything the server wrote.</param>
    void Failed(VirtualUser user, string why);

    /// <summary>The server answered one of its MESSAGEs.</summary>
    /// <param name="messageId">The server's id of it; the default if it gave none.</param>
    void Answered(VirtualUser user, int sequence, int status, Guid messageId, long nowNs);

    /// <summary>Its connection ended before the answer.</summary>
    void Unanswered(VirtualUser user, int sequence);

    /// <summary>A MESSAGE came; it is answered with 200 right afterwards.</summary>
    void Received(VirtualUser user, in SipRequest request, long nowNs);

    /// <summary>Its ping was answered.</summary>
    void Ponged(VirtualUser user, long tookNs);
}
