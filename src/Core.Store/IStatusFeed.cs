using Core.Store.Accounts;
using Core.Store.Mailboxes;

namespace Core.Store;

/// <summary>What became of a sender's messages, in the order in which it happened: the source of status streams.</summary>
/// <remarks>Truth is in Redis: any core may be asked, and a position of one core is good at every other.</remarks>
/// <exception cref="StoreUnavailableException">Redis did not answer within the deadline.</exception>
public interface IStatusFeed
{
    /// <summary>From now on changes of the sender's newly accepted messages are kept, for 7 days after the last call: an open stream calls again daily.</summary>
    /// <returns>The position now: reading after it tells what happens from here on.</returns>
    Task<long> OpenAsync(AccountAddress sender);

    /// <summary>The changes after a position, at most 100.</summary>
    Task<StatusPage> ReadAsync(AccountAddress sender, long after);
}

/// <summary>Changes after a position.</summary>
/// <param name="Changes">In order.</param>
/// <param name="Upto">The position after them; where the next read begins.</param>
/// <param name="More">Whether there are more.</param>
/// <param name="Reset">The position is older than what is kept: changes after it may be missing here.</param>
public sealed record StatusPage(IReadOnlyList<StatusChange> Changes, long Upto, bool More, bool Reset);

/// <summary>A message that changed its state.</summary>
public sealed record StatusChange(Guid MessageId, MessageState State, DateTimeOffset ChangeTime);
