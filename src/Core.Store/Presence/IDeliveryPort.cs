using Core.Store.Mailboxes;

namespace Core.Store.Presence;

/// <summary>Where the store hands over what is to be delivered: the link to the edges, and streams of receiving clients.</summary>
public interface IDeliveryPort
{
    /// <summary>Whether this core has a stream to the edge just now, of that epoch.</summary>
    bool Reaches(FlowId flow);

    /// <summary>Whether the flow was this core's own and is over, whatever Redis still says of it. It never comes back.</summary>
    bool HasEnded(FlowId flow);

    /// <summary>Ends what is registered on a flow: another password, or the account is gone. Returns at once.</summary>
    /// <param name="account">Whose; null for everybody on the flow.</param>
    /// <returns>False if this core does not reach the flow.</returns>
    bool Revoke(FlowId flow, Accounts.AccountAddress? account);

    /// <summary>Pushes messages down a flow as a page that begins after <c>page.After</c>. Returns at once; a lost push is found again by the next sweep.</summary>
    void Push(FlowId flow, Accounts.AccountAddress recipient, MailboxPage page);

    /// <summary>Pushes what was accepted just now. Returns at once; a lost push is found again by the next sweep.</summary>
    void Push(DirectedMessage directed);
}
