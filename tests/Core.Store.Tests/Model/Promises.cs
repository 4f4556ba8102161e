using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Tests.Model;

/// <summary>What must hold whatever the model says: kept from what was seen, so that a fault which store and model share is found too.</summary>
internal sealed class Promises(StoreModel model, ModelLimits limits)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(33);

    private readonly Dictionary<(AccountAddress, Guid), MessageState> _seen = [];
    private readonly Dictionary<(AccountAddress, Guid), List<MessageState>> _told = [];
    private readonly Dictionary<(AccountAddress, Guid), (long Sequence, string Text)> _given = [];

    /// <summary>What waits for an active device, and since when it was given to it last.</summary>
    private readonly Dictionary<(FlowId Flow, long Sequence, MessageKey Key), DateTimeOffset> _owed = [];

    /// <summary>A status only moves forward; the clock of who asks is not ahead of any core's.</summary>
    public void Found(AccountAddress sender, Guid id, MessageStatus? status)
    {
        if (status is null)
        {
            Assert.False(_seen.ContainsKey((sender, id)), "a message that was known is not known any more");
            return;
        }

        if (_seen.TryGetValue((sender, id), out MessageState before) && before != status.State)
            Assert.True(MessageModel.Rank(status.State) > MessageModel.Rank(before), $"{before} became {status.State}");
        _seen[(sender, id)] = status.State;
    }

    /// <summary>Each change once, forward only.</summary>
    public void Told(AccountAddress sender, IReadOnlyList<StatusChange> changes)
    {
        foreach (StatusChange change in changes)
        {
            if (!_told.TryGetValue((sender, change.MessageId), out List<MessageState>? told)) _told.Add((sender, change.MessageId), told = []);
            Assert.True(told.Count == 0 || MessageModel.Rank(change.State) > MessageModel.Rank(told[^1]), "told twice or back");
            told.Add(change.State);
        }
    }

    /// <summary>Whatever leaves the store is within its time, not ended, always the same, and in order.</summary>
    public void Given(FlowId flow, IReadOnlyList<QueuedMessage> messages, DateTimeOffset at)
    {
        Assert.Equal(messages.Select(m => m.Sequence).Order(), messages.Select(m => m.Sequence));
        foreach (QueuedMessage message in messages)
        {
            (AccountAddress, Guid) id = (message.Key.Sender, message.Key.MessageId);
            Assert.InRange(at, message.AcceptTime - StoreModel.Ahead, message.ExpireTime.AddMilliseconds(-1));
            Assert.False(_seen.TryGetValue(id, out MessageState state) && state != MessageState.Enqueued, $"given after {state}");
            (long, string) content = (message.Sequence, $"{message.Receipt}{Convert.ToHexString(message.Text.Span)}");
            Assert.Equal(_given.GetValueOrDefault(id, content), content);
            _given[id] = content;
            _owed[(flow, message.Sequence, message.Key)] = at;
        }
    }

    /// <summary>Mailboxes are within their quotas; a sweep leaves nothing expired in them; what is due for an active device is given to it, or looked at by a sweep, every 33 s.</summary>
    public void Check(DateTimeOffset now, bool afterSweep)
    {
        HashSet<(FlowId, long, MessageKey)> owed = [];
        foreach (AccountModel account in model.Accounts)
        {
            MessageModel[] texts = [.. account.Mailbox.Values.Where(m => !m.Flags.HasFlag(MemberFlags.Receipt))];
            Assert.InRange(texts.Length, 0, limits.MostQueued);
            Assert.All(texts.GroupBy(m => m.Key.Sender), g => Assert.InRange(g.Count(), 1, limits.MostOfSender));
            if (afterSweep) Assert.DoesNotContain(account.Mailbox.Values, m => m.Expires <= now);
            foreach (MessageModel message in account.OwedPushes(now))
            {
                (FlowId, long, MessageKey) key = (account.Active(now)!.Flow, message.Sequence, message.Key);
                owed.Add(key);
                DateTimeOffset since = _owed[key] = _owed.GetValueOrDefault(key, now);
                if (afterSweep) Assert.True(now - since <= LookAgain + StoreModel.Ahead, $"{message.Key} was stranded for {now - since}");
            }
        }

        foreach ((FlowId, long, MessageKey) key in _owed.Keys.Where(k => !owed.Contains(k)).ToArray()) _owed.Remove(key);
    }
}
