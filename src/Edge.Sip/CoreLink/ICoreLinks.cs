using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>All links to cores.</summary>
internal interface ICoreLinks
{
    /// <summary>The link for an account: the same one as long as the same links are up; null if none is.</summary>
    ICoreLink? Pick(ReadOnlySpan<byte> user);

    /// <summary>Tells how a try to deliver ended: to the core it came from, else to any. Kept until confirmed.</summary>
    void Report(DeliveryReport report, ICoreLink origin);

    /// <summary>Tells that a binding ended. Kept until confirmed.</summary>
    void Unregister(ulong flow, string user);

    /// <summary>The account registers again on the flow: an unregistration not confirmed yet must not be repeated.</summary>
    void ForgetUnregister(ulong flow, string user);
}
