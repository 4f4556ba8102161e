using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;

namespace Api.Grpc.EdgeLink;

/// <summary>The store's words in those of the edge link; deliveries get their tag and token here.</summary>
internal sealed class LinkMapping(SenderTag senderTag, DeliveryToken token)
{
    public Delivery ToDelivery(FlowId flow, QueuedMessage message) => new()
    {
        Flow = flow.Flow,
        User = message.Key.Recipient.User,
        Sequence = message.Sequence,
        Previous = message.Previous,
        Attempt = (uint)message.Attempt,
        MessageId = message.Key.MessageId.ToString("D"),
        Sender = message.Key.Sender.User,
        SenderTag = senderTag.Of(message.Key.Sender),
        Text = UnsafeByteOperations.UnsafeWrap(message.Text),   // opened for this delivery, nobody else writes to it
        AcceptTimeMs = message.AcceptTime.ToUnixTimeMilliseconds(),
        ExpireTimeMs = message.ExpireTime.ToUnixTimeMilliseconds(),
        Token = token.Issue(message.Key, flow),
    };

    public Page ToPage(FlowId flow, AccountAddress account, MailboxPage page)
    {
        Page wire = new() { Flow = flow.Flow, User = account.User, After = page.After, Upto = page.Upto, More = page.More };
        for (int i = 0; i < page.Messages.Count; i++) wire.Deliveries.Add(ToDelivery(flow, page.Messages[i]));
        return wire;
    }

    /// <summary>An answer that nothing is known: the edge asks again later.</summary>
    public static Page Failed(FlowId flow, AccountAddress account, long after) =>
        new() { Flow = flow.Flow, User = account.User, After = after, Upto = after, Failed = true };
}
