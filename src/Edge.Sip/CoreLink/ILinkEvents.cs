using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>What comes down a link, apart from answers. Called by the link's reader: must not block.</summary>
internal interface ILinkEvents
{
    /// <summary>The link is up: the core needs a snapshot.</summary>
    void LinkUp(ICoreLink link);

    /// <summary>The link is down: what was asked on it and not answered will not be.</summary>
    void LinkCut(ICoreLink link);

    /// <summary>The limits that edges keep: with the Welcome, and when an operator changes one.</summary>
    void LimitsChanged(EdgeLimits limits);

    /// <summary>The keys of session tickets: with the Welcome, and every hour.</summary>
    void TicketKeysChanged(SessionTicketKeys keys);

    /// <summary>An account's registrations are over.</summary>
    void Revoked(Revoked revoked);

    void Delivered(ICoreLink link, LinkDelivery delivery);

    void Paged(ICoreLink link, Page page);

    void Refreshed(ICoreLink link, RefreshAnswer answer);
}
