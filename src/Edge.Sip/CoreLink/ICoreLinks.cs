using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>All links to cores.</summary>
internal interface ICoreLinks
{
    /// <summary>The link for an account: the same one as long as the same links are up; null if none is.</summary>
    ICoreLink? Pick(ReadOnlySpan<byte> user);

    /// <summary>Tells how a try to deliver ended: to the core it came from, else to any. Kept until confirmed.</summary>
    void Report(DeliveryReport report, ICoreLink origin);

    /// <summary>Tells that a binding ended. Kept until confirmed, or until no registration of before can be standing.</summary>
    /// <param name="byClient">Whether the client asked for it.</param>
    /// <param name="reason">Why, for operators: of a closed set.</param>
    void Unregister(ulong flow, string user, bool byClient, string reason);

    /// <summary>A core takes the account to be bound to a flow that is gone, or on which it is not registered: takes that back there. Once until confirmed.</summary>
    void UnregisterStray(ulong flow, string user, ICoreLink origin);

    /// <summary>The account registers again on the flow: an unregistration not confirmed yet must not be repeated.</summary>
    /// <returns>Whether there was one: it may still take effect, and after the registration.</returns>
    bool ForgetUnregister(ulong flow, string user);
}
