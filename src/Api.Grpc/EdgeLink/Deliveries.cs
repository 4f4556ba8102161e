using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;

namespace Api.Grpc.EdgeLink;

/// <summary>Turns what the store opened into what an edge delivers.</summary>
internal sealed class Deliveries(DeliveryTokens tokens, SenderTags tags)
{
    /// <summary>A page is cut here, so that a batch stays under the 64 KiB of a link message (spec, Numbers); the rest comes with the next page.</summary>
    private const int PageBytes = 40 * 1_024;

    /// <summary>About what a delivery takes beside its text.</summary>
    private const int BytesBesideText = 256;

    /// <summary>One message for one flow, with its token.</summary>
    public Delivery Of(FlowId flow, QueuedMessage message) => new()
    {
        Flow = flow.Flow,
        User = message.Key.Recipient.User,
        Sequence = message.Sequence,
        Previous = message.Previous,
        Attempt = (uint)message.Attempt,
        MessageId = message.Key.MessageId.ToString(),
        Sender = message.Key.Sender.User,
        SenderTag = tags.TagOf(message.Key.Sender),
        // Neither array is written to again: the text belongs to this one message, the token was made for it.
        Text = UnsafeByteOperations.UnsafeWrap(message.Text),
        Token = UnsafeByteOperations.UnsafeWrap(tokens.Issue(message.Key.MessageId, message.Key.Recipient, flow)),
        AcceptTimeMs = message.AcceptTime.ToUnixTimeMilliseconds(),
        ExpireTimeMs = message.ExpireTime.ToUnixTimeMilliseconds(),
    };

    /// <summary>A page for one flow.</summary>
    public Page Of(FlowId flow, AccountAddress recipient, MailboxPage page)
    {
        Page mapped = new() { Flow = flow.Flow, User = recipient.User, After = page.After, Upto = page.Upto, More = page.More };
        int bytes = 0;
        foreach (QueuedMessage message in page.Messages)
        {
            bytes += message.Text.Length + BytesBesideText;
            if (bytes > PageBytes && mapped.Deliveries is [.., { } last])
            {
                mapped.Upto = Math.Max(page.After, last.Sequence);
                mapped.More = true;
                break;
            }

            mapped.Deliveries.Add(Of(flow, message));
        }

        return mapped;
    }
}
