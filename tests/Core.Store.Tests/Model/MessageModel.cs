using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Tests.Model;

/// <summary>A message or receipt that was stored.</summary>
internal sealed class MessageModel(MessageKey key, DateTimeOffset accepted, DateTimeOffset expires, ReadOnlyMemory<byte> text, MemberFlags flags, Receipt? receipt)
{
    public MessageKey Key { get; } = key;

    public DateTimeOffset Accepted { get; } = accepted;

    public DateTimeOffset Expires { get; } = expires;

    public MemberFlags Flags { get; } = flags;

    public MessageState State { get; set; }

    public long Sequence { get; init; }

    public static int Rank(MessageState state) => state switch { MessageState.Enqueued => 0, MessageState.Delivered => 2, _ => 1 };

    public MessageStatus Status => new(State, Accepted, Expires);

    /// <summary>What its sender is told at a time: past its validity it is expired, whoever has or has not been there.</summary>
    public MessageStatus StatusAt(DateTimeOffset now) => State == MessageState.Enqueued && Expires <= now ? Status with { State = MessageState.Expired } : Status;

    public QueuedMessage Queued(long previous, int attempt, bool retry) =>
        new(Key, Sequence, previous, attempt, Accepted, Expires, receipt is null ? text : default, receipt, retry, EndsUntold: Flags == MemberFlags.None && !retry);
}

/// <summary>What a sender's first try of an id has made of it.</summary>
internal sealed class ClaimModel(AccountAddress recipient, string text, DateTimeOffset accepted, ReceiptRequest? receipts)
{
    public AccountAddress Recipient => recipient;

    public string Text => text;

    public DateTimeOffset Accepted => accepted;

    public ReceiptRequest? Receipts => receipts;

    public MessageState Told { get; set; }
}

/// <summary>An end that the sender is to be told of.</summary>
internal sealed record OwedModel(MessageKey Key, MessageState State, DateTimeOffset Ended);

/// <summary>Numbers that only grow.</summary>
internal sealed class SequenceModel
{
    private long _last;

    /// <summary>One above the last, and above the clock's microseconds.</summary>
    public long Next(DateTimeOffset now) => _last = Math.Max(_last, now.ToUnixTimeMilliseconds() * 1_000) + 1;

    /// <summary>The last one given; the next is above it, whatever clock gives it.</summary>
    public long Last(DateTimeOffset now) => _last = _last == 0 ? now.ToUnixTimeMilliseconds() * 1_000 : _last;
}

/// <summary>What accounts of one partition share.</summary>
/// <param name="messages">On one server all partitions have the same.</param>
internal sealed class PartitionModel(int number, SequenceModel messages, SequenceModel told)
{
    public int Number => number;

    /// <summary>Of mailboxes.</summary>
    public SequenceModel Messages => messages;

    /// <summary>Of what senders are told.</summary>
    public SequenceModel Told => told;

    public List<OwedModel> Owed { get; } = [];

    /// <summary>When to look at what is owed; null: nothing.</summary>
    public DateTimeOffset? LookAt { get; set; }
}

/// <summary>What a sender has been told since it first had a stream.</summary>
internal sealed class FeedModel(long floor)
{
    public List<(long Sequence, StatusChange Change)> Told { get; } = [];

    public long Last => Told.Count > 0 ? Told[^1].Sequence : floor;

    public StatusPage Read(long after)
    {
        (long, StatusChange Change)[] rows = [.. Told.Where(t => t.Sequence > after)];
        return new StatusPage([.. rows.Select(r => r.Change)], Math.Max(after, Last), false, after < floor);
    }
}

/// <summary>A registered device.</summary>
internal sealed record BindingModel(FlowId Flow, string Device, DateTimeOffset Expires, bool Spent = false);
