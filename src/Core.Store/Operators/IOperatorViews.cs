using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Operators;

/// <summary>What operators see: registrations, sessions, messages, queues. Never a text.</summary>
/// <remarks>Lists go by pages; an empty token begins, an empty one in the answer ends. A page may hold fewer than asked for, even none.</remarks>
/// <exception cref="StoreUnavailableException">Redis did not answer within the deadline.</exception>
/// <exception cref="FormatException">A page token is not one of ours.</exception>
public interface IOperatorViews
{
    /// <summary>The registrations of all accounts, account by account.</summary>
    Task<Page<Registration>> ListRegistrationsAsync(int pageSize, string pageToken);

    /// <summary>The registrations of one account, newest first: the first is the one that is delivered to.</summary>
    Task<IReadOnlyList<Registration>> ListRegistrationsAsync(AccountAddress account);

    /// <summary>The account's session log, newest first: 100 events of 7 days at most.</summary>
    Task<IReadOnlyList<SessionEvent>> ListSessionEventsAsync(AccountAddress account);

    /// <summary>The messages that an account sent and was sent, newest first to within 2 s.</summary>
    Task<Page<LoggedMessage>> ListMessagesAsync(AccountAddress account, int pageSize, string pageToken);

    /// <summary>One message of a sender; null for an id that this sender never used.</summary>
    Task<LoggedMessage?> FindMessageAsync(AccountAddress sender, Guid messageId);

    /// <summary>What waits for an account, oldest first.</summary>
    Task<QueuePage> ListQueueAsync(AccountAddress account, int pageSize, string pageToken);

    /// <summary>Records that could not be opened or found in the last 7 days, the newest first: 1,000 at most.</summary>
    Task<IReadOnlyList<PoisonedRecord>> ListPoisonedRecordsAsync();
}

/// <summary>A page of a list.</summary>
/// <param name="Items">In order.</param>
/// <param name="NextPageToken">Where the next page begins; empty after the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string NextPageToken);

/// <summary>A registered device.</summary>
/// <param name="Account">Whose.</param>
/// <param name="Flow">Where.</param>
/// <param name="Expires">By when it has to register again.</param>
/// <param name="IsActive">Whether it is the one that is delivered to.</param>
/// <param name="Client">Who; null if its REGISTER is no longer in the session log.</param>
/// <param name="Registered">When its last REGISTER with credentials was; null likewise.</param>
public sealed record Registration(AccountAddress Account, FlowId Flow, DateTimeOffset Expires, bool IsActive, ClientSession? Client, DateTimeOffset? Registered);

/// <summary>A message as operators see it.</summary>
/// <param name="MessageId">The sender's id for it.</param>
/// <param name="Sender">From.</param>
/// <param name="Recipient">To; null if its journal entry is lost.</param>
/// <param name="State">Its state; null if nothing of it is left but the journal entry.</param>
/// <param name="AcceptTime">When it was accepted.</param>
/// <param name="ExpireTime">When it expires, or would have.</param>
/// <param name="EndTime">When it ended; null while it waits.</param>
/// <param name="Tries">That ended, oldest first: the last 50 that failed, and the one that ended it.</param>
public sealed record LoggedMessage(
    Guid MessageId, AccountAddress Sender, AccountAddress? Recipient, MessageState? State,
    DateTimeOffset AcceptTime, DateTimeOffset ExpireTime, DateTimeOffset? EndTime, IReadOnlyList<DeliveryTry> Tries)
{
    /// <summary>The id alone: addresses never reach a log.</summary>
    public override string ToString() => $"message {MessageId}";
}

/// <summary>What waits for an account.</summary>
/// <param name="Waiting">How many messages in all.</param>
/// <param name="OldestAcceptTime">When the oldest was accepted; null for an empty queue.</param>
/// <param name="Items">Some of them.</param>
/// <param name="NextPageToken">Where the next page begins; empty after the last.</param>
public sealed record QueuePage(long Waiting, DateTimeOffset? OldestAcceptTime, IReadOnlyList<QueuedItem> Items, string NextPageToken);

/// <summary>A message that waits.</summary>
/// <param name="MessageId">The sender's id; null if its record does not tell.</param>
/// <param name="Sender">From; null if the account is gone.</param>
/// <param name="AcceptTime">When it was accepted.</param>
/// <param name="ExpireTime">When it expires.</param>
/// <param name="StoredBytes">Of its sealed record, which tells the class of the text's length alone.</param>
/// <param name="Tries">Failed since the last registration.</param>
/// <param name="NextTry">When the next is due; null: with the next registration, or as soon as it is its turn.</param>
/// <param name="IsReceipt">Whether it is a receipt.</param>
/// <param name="Fault">Why it cannot be delivered as it is; null if nothing is known against it.</param>
public sealed record QueuedItem(
    Guid? MessageId, AccountAddress? Sender, DateTimeOffset AcceptTime, DateTimeOffset ExpireTime, long StoredBytes, int Tries, DateTimeOffset? NextTry, bool IsReceipt,
    RecordFault? Fault);

/// <summary>A record that could not be opened or found.</summary>
/// <param name="Sender">From; null if the account is gone.</param>
/// <param name="Recipient">Whose queue it was met in; null if the account is gone.</param>
/// <param name="MessageId">The sender's id; null for a receipt, or if it is forgotten.</param>
/// <param name="Fault">What was wrong.</param>
/// <param name="LastSeen">When it was met last.</param>
public sealed record PoisonedRecord(AccountAddress? Sender, AccountAddress? Recipient, Guid? MessageId, RecordFault Fault, DateTimeOffset LastSeen);

/// <summary>What is wrong with a record.</summary>
public enum RecordFault
{
    /// <summary>It does not open, or is another's: altered or moved in Redis. The message has ended as INVALID_PAYLOAD.</summary>
    Rejected,

    /// <summary>Its key is not in the key ring. It waits for the key until it expires.</summary>
    KeyUnknown,

    /// <summary>Somebody deleted it from Redis. Its name has been taken out of the queue.</summary>
    Missing,
}
