using System.Text;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;
using Receipt = Edge.Link.V1.Receipt;
using ReceiptRequest = Edge.Link.V1.ReceiptRequest;
using StoredReceipt = Core.Store.Mailboxes.Receipt;
using StoredReceiptRequest = Core.Store.Mailboxes.ReceiptRequest;

namespace Api.Grpc.EdgeLink;

/// <summary>The store's words in those of the edge link; deliveries get their tag and token here.</summary>
internal sealed class LinkMapping(SenderTag senderTag, DeliveryToken token)
{
    /// <summary>A page is cut here, so that a batch stays under the 64 KiB of a link message (spec, Numbers); the rest comes with the next page.</summary>
    private const int PageBytes = 40 * 1_024;

    /// <summary>About what a delivery takes beside its text.</summary>
    private const int BytesBesideText = 256;

    /// <summary>About what a receipt adds: our id, the client's and a time.</summary>
    private const int BytesOfReceipt = 64 + StoredReceiptRequest.MostClientIdBytes;

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
        Token = token.Issue(message, flow),
        Receipt = message.Receipt is { } receipt ? ToReceipt(receipt) : null,
        Retry = message.Retry,
    };

    public Page ToPage(FlowId flow, AccountAddress account, MailboxPage page)
    {
        Page wire = new() { Flow = flow.Flow, User = account.User, After = page.After, Upto = page.Upto, More = page.More };
        int bytes = 0;
        for (int i = 0; i < page.Messages.Count; i++)
        {
            bytes += page.Messages[i].Text.Length + BytesBesideText + (page.Messages[i].Receipt is null ? 0 : BytesOfReceipt);
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

    /// <summary>The receipts that an edge's client asks for; null for none.</summary>
    /// <exception cref="InvalidDataException">The client's id is longer than the edge may let pass.</exception>
    public static StoredReceiptRequest? ToReceipts(ReceiptRequest? request)
    {
        if (request is null or { Delivered: false, Failed: false }) return null;
        if (Encoding.UTF8.GetByteCount(request.ImdnMessageId) > StoredReceiptRequest.MostClientIdBytes)
            throw new InvalidDataException("An imdn.Message-ID is longer than 255 bytes.");
        return new StoredReceiptRequest(request.ImdnMessageId, request.Delivered, request.Failed);
    }

    private static Receipt ToReceipt(StoredReceipt receipt) => new()
    {
        MessageId = receipt.MessageId.ToString("D"),
        ImdnMessageId = receipt.ClientId,
        Delivered = receipt.State == MessageState.Delivered,
        AcceptTimeMs = receipt.AcceptTime.ToUnixTimeMilliseconds(),
        EndTimeMs = receipt.EndTime.ToUnixTimeMilliseconds(),
    };
}
