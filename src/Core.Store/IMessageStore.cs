using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;

namespace Core.Store;

/// <summary>The life of a message in the store: accepted, bound to a device, delivered or refused, known for days after.</summary>
/// <remarks>
/// Every call is idempotent: a caller that got no answer repeats it. Nothing here keeps state that Redis lacks.
/// Calls made one after the other without awaiting reach Redis in that order.
/// </remarks>
/// <exception cref="StoreUnavailableException">Redis did not answer within the deadline: nothing is known of the call's effect.</exception>
public interface IMessageStore
{
    /// <summary>Claims the id, then stores the sealed text in the recipient's mailbox. Returns once the write is durable.</summary>
    Task<Acceptance> AcceptAsync(NewMessage message);

    /// <summary>The state of a message for its sender; null for an id this sender never used.</summary>
    Task<MessageStatus?> FindAsync(AccountAddress sender, Guid messageId);

    /// <summary>The answer that <see cref="AcceptAsync"/> would give to a message accepted before, without storing anything: for senders over their rate.</summary>
    /// <returns>Null for a message that was never accepted; else Repeated or IdReused.</returns>
    Task<Acceptance?> FindRepeatedAsync(NewMessage message);

    /// <summary>Makes a binding the account's newest, and so active, and reads the first page of what waits.</summary>
    /// <param name="account">Whose device it is.</param>
    /// <param name="binding">Edge, epoch, flow, device and end of the registration.</param>
    /// <param name="after">Where the page begins: 0 for a new flow.</param>
    /// <param name="forgetTries">
    /// True for a client's REGISTER: failed tries are forgotten (spec S16), and the page begins in front of the oldest message that had failed.
    /// False for a snapshot, which counts for nothing against what the device has done since.
    /// </param>
    /// <param name="client">Who registers and over what, for the session log; null for what is no REGISTER with credentials.</param>
    /// <returns>Null without such an account: nothing is bound.</returns>
    Task<MailboxPage?> RegisterAsync(AccountAddress account, Binding binding, long after, bool forgetTries, ClientSession? client = null);

    /// <summary>Ends the binding of one flow; another one's is left alone.</summary>
    /// <param name="how">How it came to an end, for the session log; null: nothing is noted.</param>
    Task UnregisterAsync(AccountAddress account, FlowId flow, SessionEnd? how = null);

    /// <summary>What waits for the account after a sequence, if the flow's binding is the active one; else an empty page.</summary>
    Task<MailboxPage> ReadPageAsync(AccountAddress account, FlowId flow, long after);

    /// <summary>Takes the message out of the mailbox and overwrites its record by the outcome. Ranks decide: a late DELIVERED lifts a lower state.</summary>
    /// <param name="sipStatus">What the device answered, for operators; 0 for nothing.</param>
    /// <param name="attempt">Number of the try, from 1; 0 without one.</param>
    /// <param name="untold">The message's times, if they are known from a <see cref="QueuedMessage"/> that ends untold: it is then ended without a look at it.</param>
    /// <returns>The state after the call, and when it was accepted; null if the store no longer knows the message.</returns>
    Task<MessageStatus?> EndAsync(MessageKey message, MessageState state, int sipStatus = 0, int attempt = 0, MessageTimes? untold = null);

    /// <summary>Counts a failed try and sets when the next is due; after the last try the message waits for the next registration.</summary>
    /// <remarks>Counts only if <paramref name="attempt"/> is the stored count + 1, the flow is the active one and the message still waits.</remarks>
    /// <param name="sipStatus">What the device answered, for operators; 0 for nothing.</param>
    Task FailAsync(MessageKey message, FlowId flow, int attempt, int sipStatus = 0);
}

/// <summary>Redis did not answer in time or refused the command. The sender is told 503 and may repeat.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
