using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;

namespace Api.Grpc.EdgeLink;

/// <summary>The store's words in those of the edge link; deliveries get their tag and token here.</summary>
internal sealed class LinkMapping(SenderTag senderTag, DeliveryToken token)
{
    /// <summary>A page is cut here, so that a batch stays under the 64 KiB of a link message (spec, Numbers); the rest comes with the next page.</summary>
    private const int PageBytes = 40 * 1_024;

    /// <summary>About what a delivery takes beside its text.</summary>
    private const int BytesBesideText = 256;

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
        int bytes = 0;
        for (int i = 0; i < page.Messages.Count; i++)
        {
            bytes += page.Messages[i].Text.Length + BytesBesideText;
            if (i > 0 && bytes > PageBytes)
            {
                wire.Upto = Math.Max(page.After, page.Messages[i - 1].Sequence);
                wire.More = true;
                break;
            }

            wire.Deliveries.Add(ToDelivery(flow, page.Messages[i]));
        }

        return wire;
    }
}
