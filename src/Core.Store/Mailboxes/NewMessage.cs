using Core.Store.Accounts;
using Core.Store.Presence;

namespace Core.Store.Mailboxes;

/// <summary>A text on its way in, already checked against the text rules.</summary>
/// <param name="Sender">The authenticated account.</param>
/// <param name="MessageId">Made by the client before its first try, or derived from its SIP request.</param>
/// <param name="Recipient">Exactly one account (spec S4); it may not exist.</param>
/// <param name="Text">UTF-8, delivered byte for byte.</param>
/// <param name="Receipts">The receipts asked for; null for none. The first try of an id decides: a repeat changes nothing of it.</param>
public sealed record NewMessage(AccountAddress Sender, Guid MessageId, AccountAddress Recipient, ReadOnlyMemory<byte> Text, ReceiptRequest? Receipts = null)
{
    /// <summary>The id alone: addresses and text never reach a log.</summary>
    public override string ToString() => $"message {MessageId}";
}

/// <summary>Receipts that a sender asks for, to be sent to its own registration once the message has ended.</summary>
/// <param name="ClientId">The sender's own name for the message, which its receipts repeat (imdn.Message-ID), at most 255 characters; empty: our id does.</param>
/// <param name="Delivered">When it was delivered.</param>
/// <param name="Failed">When it failed for good.</param>
public sealed record ReceiptRequest(string ClientId, bool Delivered, bool Failed)
{
    /// <summary>The longest <see cref="ClientId"/>, in bytes of UTF-8.</summary>
    public const int MostClientIdBytes = 255;
}

/// <summary>What a receipt says: stored and delivered like a message, from the account that the message was for.</summary>
/// <param name="MessageId">The message it is about.</param>
/// <param name="ClientId">As in <see cref="ReceiptRequest"/>.</param>
/// <param name="State">What became of it.</param>
/// <param name="AcceptTime">When it was first accepted.</param>
/// <param name="EndTime">When it ended.</param>
public sealed record Receipt(Guid MessageId, string ClientId, MessageState State, DateTimeOffset AcceptTime, DateTimeOffset EndTime);

/// <summary>What names a message for its end: sender and id make its name, the recipient its mailbox.</summary>
public readonly record struct MessageKey(AccountAddress Sender, Guid MessageId, AccountAddress Recipient)
{
    /// <summary>The id alone: addresses never reach a log.</summary>
    public override string ToString() => $"message {MessageId}";
}

/// <summary>When a message was accepted and when it expires.</summary>
public readonly record struct MessageTimes(DateTimeOffset Accepted, DateTimeOffset Expires);

/// <summary>How far a message has come. Ranks for moving forward: Enqueued, then Expired and Invalid*, then Delivered.</summary>
public enum MessageState
{
    /// <summary>Held durably and sealed.</summary>
    Enqueued,

    /// <summary>A device answered with a final 2xx.</summary>
    Delivered,

    /// <summary>Not delivered within its validity; the content is gone.</summary>
    Expired,

    /// <summary>The recipient's account was deleted.</summary>
    InvalidRecipient,

    /// <summary>The recipient's device refused it for good.</summary>
    InvalidDevice,

    /// <summary>The stored content could not be opened.</summary>
    InvalidPayload,
}

/// <summary>What is known of a message; never its text.</summary>
/// <param name="State">Its state.</param>
/// <param name="AcceptTime">When it was first accepted, by the core's clock.</param>
/// <param name="ExpireTime">When it expires, or would have.</param>
public sealed record MessageStatus(MessageState State, DateTimeOffset AcceptTime, DateTimeOffset ExpireTime);

/// <summary>How an attempt to hand over a message ended.</summary>
public enum AcceptOutcome
{
    /// <summary>Stored now, durably.</summary>
    Accepted,

    /// <summary>The same sender, id, recipient and text as before: its present state is the answer.</summary>
    Repeated,

    /// <summary>The id was used for another text or recipient.</summary>
    IdReused,

    /// <summary>No such account.</summary>
    UnknownRecipient,

    /// <summary>The recipient's queue is full, or this sender's share of it.</summary>
    QueueFull,
}

/// <summary>The answer to <see cref="IMessageStore.AcceptAsync"/>.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Status">State and times, for Accepted and Repeated; else null.</param>
/// <param name="Push">What to push at once and where, when the recipient has a binding; else null.</param>
public sealed record Acceptance(AcceptOutcome Outcome, MessageStatus? Status, DirectedMessage? Push);

/// <summary>A message opened for delivery, in memory only.</summary>
/// <param name="Key">Sender, id, recipient.</param>
/// <param name="Sequence">Place in the recipient's order.</param>
/// <param name="Previous">Sequence of the mailbox's tail when it was accepted, 0 if none or if read as part of a page.</param>
/// <param name="Attempt">Number of the coming try, from 1.</param>
/// <param name="AcceptTime">When it was accepted.</param>
/// <param name="ExpireTime">When it expires.</param>
/// <param name="Text">The text, UTF-8; empty for a receipt.</param>
/// <param name="Receipt">What it says if it is a receipt; null for a text.</param>
/// <param name="Retry">It has failed before, here or on another flow: it is to be sent although this flow may have been past it.</param>
/// <param name="EndsUntold">Nobody is to be told of its end, and it has not failed before: given the times, <see cref="IMessageStore.EndAsync"/> ends it without a look at it.</param>
public sealed record QueuedMessage(
    MessageKey Key, long Sequence, long Previous, int Attempt, DateTimeOffset AcceptTime, DateTimeOffset ExpireTime, ReadOnlyMemory<byte> Text,
    Receipt? Receipt = null, bool Retry = false, bool EndsUntold = false)
{
    /// <summary>The id alone: addresses and text never reach a log.</summary>
    public override string ToString() => $"message {Key.MessageId}, sequence {Sequence}, attempt {Attempt}";
}

/// <summary>A message and the flow to push it down.</summary>
public sealed record DirectedMessage(FlowId Flow, QueuedMessage Message);

/// <summary>What waits for an account, oldest first.</summary>
/// <param name="After">Where the page begins.</param>
/// <param name="Upto">The last sequence looked at, at least <paramref name="After"/>.</param>
/// <param name="More">Whether more waits after <paramref name="Upto"/>.</param>
/// <param name="Messages">In order; nothing expired, nothing that could not be opened, nothing whose next try is not due.</param>
public sealed record MailboxPage(long After, long Upto, bool More, IReadOnlyList<QueuedMessage> Messages);
