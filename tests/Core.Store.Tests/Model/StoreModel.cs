using System.Text;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Tests.Model;

/// <summary>What can be asked of a store through either of two cores. Answered by the real one and by its model.</summary>
internal interface IStoreSide
{
    Acceptance Accept(int core, NewMessage message);

    MessageStatus? End(int core, MessageKey message, MessageState state, MessageTimes? untold);

    void Fail(int core, MessageKey message, FlowId flow, int attempt);

    MailboxPage? Register(int core, AccountAddress account, Binding binding, long after, bool byClient);

    void Unregister(int core, AccountAddress account, FlowId flow);

    MailboxPage Page(int core, AccountAddress account, FlowId flow, long after);

    bool Create(int core, AccountAddress account);

    int? Delete(int core, AccountAddress account);

    long OpenFeed(int core, AccountAddress sender);

    void Sweep(int core);

    void MoveClock(TimeSpan by);
}

/// <summary>A core of the model: what it remembers, where it is cut, what it pushed.</summary>
internal sealed class CoreModel
{
    /// <summary>Recipients that it has seen to exist, and when.</summary>
    public Dictionary<AccountAddress, DateTimeOffset> Known { get; } = [];

    public Cut Cut { get; } = new();

    /// <summary>What the real one's totell.lua answered, in its order.</summary>
    public Queue<OwedModel[]> ToTell { get; } = new();

    public List<(FlowId Flow, AccountAddress Recipient, MailboxPage Page)> Pushes { get; } = [];
}

/// <summary>The store in plain memory: the same promises, the same calls, no Redis.</summary>
/// <param name="limits">The store's settings.</param>
/// <param name="accounts">Every account there can be.</param>
/// <param name="receiptId">Gives the id of a receipt: the store's names are secret.</param>
/// <param name="now">When it begins.</param>
internal sealed class StoreModel(ModelLimits limits, IReadOnlyList<AccountModel> accounts, Func<MessageKey, MessageState, Guid> receiptId, DateTimeOffset now) : IStoreSide
{
    /// <summary>How far the clock of core 1 is ahead of that of core 0.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(1_700);

    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TellAfter = TimeSpan.FromSeconds(2);
    private const int MostReceipts = 1_000;

    private readonly Dictionary<(AccountAddress Sender, Guid Id), ClaimModel> _claims = [];
    private readonly Dictionary<(AccountAddress Sender, Guid Id), MessageModel> _messages = [];

    /// <summary>The clock of whoever asks, and of core 0.</summary>
    public DateTimeOffset Now { get; private set; } = now;

    public IReadOnlyList<CoreModel> Cores { get; } = [new(), new()];

    public IReadOnlyList<AccountModel> Accounts => accounts;

    /// <summary>Every message and receipt ever stored, oldest first.</summary>
    public List<MessageModel> Messages { get; } = [];

    public IEnumerable<(AccountAddress Sender, Guid Id)> Ids => _claims.Keys;

    public AccountModel Account(AccountAddress address) => accounts.Single(a => a.Address == address);

    /// <summary>A core's clock: those of two machines never agree.</summary>
    public DateTimeOffset Clock(int core) => Now + (core * Ahead);

    public void MoveClock(TimeSpan by) => Now += by;

    public MessageStatus? Find(AccountAddress sender, Guid id)
    {
        if (!_claims.TryGetValue((sender, id), out ClaimModel? claim)) return null;
        if (_messages.TryGetValue((sender, id), out MessageModel? message)) return message.StatusAt(Now);
        DateTimeOffset expires = claim.Accepted + limits.Validity;
        return expires <= Now ? new MessageStatus(MessageState.Expired, claim.Accepted, expires) : null;
    }

    public Acceptance Accept(int core, NewMessage message)
    {
        DateTimeOffset accepted = Clock(core);
        (AccountAddress, Guid) key = (message.Sender, message.MessageId);
        AccountModel recipient = Account(message.Recipient);
        bool told = message.Receipts is not null;
        string text = Encoding.UTF8.GetString(message.Text.Span);
        ClaimModel fresh = new(message.Recipient, text, accepted, message.Receipts);
        ClaimModel? claim;
        if (limits.IsCluster)
        {
            bool isNew = IsKnown(core, recipient) && Call(core, () => _claims.TryAdd(key, fresh));
            if (!_claims.TryGetValue(key, out claim)) return new Acceptance(AcceptOutcome.UnknownRecipient, null, null);
        }
        else
        {
            (claim, Acceptance? stored) = Call(core, ClaimAndStore);
            if (claim is null && stored is null)
            {
                (told, accepted) = (true, Clock(core));
                fresh = new ClaimModel(message.Recipient, text, accepted, message.Receipts);
                (claim, stored) = Call(core, ClaimAndStore);
            }

            if (claim is null) return Finish(core, stored!, message.Recipient, accepted);
        }

        if (claim.Recipient != message.Recipient || claim.Text != text) return new Acceptance(AcceptOutcome.IdReused, null, null);
        if (accepted - claim.Accepted > TimeSpan.FromHours(12)) Call(core, () => true);
        told |= claim.Receipts is not null || Account(message.Sender).Feed is not null;
        return Enqueue(core, new MessageKey(message.Sender, message.MessageId, message.Recipient), claim.Accepted, message.Text, Flags(), null, limits.MostQueued, limits.MostOfSender);

        // The claim of before; or what came of it; or neither, if it has to be sealed anew.
        (ClaimModel? Claim, Acceptance? Stored) ClaimAndStore()
        {
            if (_claims.TryGetValue(key, out ClaimModel? earlier)) return (earlier, null);
            if (!told && Account(message.Sender).Feed is not null) return (null, null);
            Acceptance stored = Store(
                core, new MessageKey(message.Sender, message.MessageId, message.Recipient), accepted, accepted, message.Text, Flags(), null, limits.MostQueued, limits.MostOfSender);
            if (stored.Outcome == AcceptOutcome.Accepted) _claims.Add(key, fresh);
            return (null, stored);
        }

        MemberFlags Flags() => told ? MemberFlags.Tell : MemberFlags.None;
    }

    public MessageStatus? End(int core, MessageKey key, MessageState state, MessageTimes? untold)
    {
        DateTimeOffset at = Clock(core);
        (MessageStatus? status, OwedModel? owed) = Call<(MessageStatus?, OwedModel?)>(core, () =>
        {
            if (!_messages.TryGetValue((key.Sender, key.MessageId), out MessageModel? message)) return (null, null);
            bool moves = MessageModel.Rank(state) > MessageModel.Rank(message.State) && !(state == MessageState.Expired && message.Expires > at);
            return moves ? (Conclude(message, state, at), Owed(message, at)) : (message.Status, null);
        });
        if (owed is not null) Tell(core, key.Recipient, [owed]);
        return status;
    }

    public void Fail(int core, MessageKey key, FlowId flow, int attempt)
    {
        DateTimeOffset at = Clock(core);
        Call(core, () =>
        {
            if (_messages.TryGetValue((key.Sender, key.MessageId), out MessageModel? message)) Account(key.Recipient).Fail(message, flow, attempt, at);
            return true;
        });
    }

    public MailboxPage? Register(int core, AccountAddress account, Binding binding, long after, bool byClient)
    {
        DateTimeOffset at = Clock(core);
        PageModel? page = Call(core, () => Account(account).Register(binding, after, byClient, at));
        if (page is null) return null;
        return page == PageModel.Fenced ? new MailboxPage(after, after, false, []) : Read(core, page);
    }

    public void Unregister(int core, AccountAddress account, FlowId flow)
    {
        DateTimeOffset at = Clock(core);
        Call(core, () =>
        {
            Account(account).Unregister(flow, at);
            return true;
        });
    }

    public MailboxPage Page(int core, AccountAddress account, FlowId flow, long after)
    {
        DateTimeOffset at = Clock(core);
        PageModel? page = Call(core, () => Account(account).Page(flow, after, at));
        return page is null ? new MailboxPage(after, after, false, []) : Read(core, page);
    }

    public bool Create(int core, AccountAddress account)
    {
        AccountModel model = Account(account);
        Drop(core, model, Call(core, () => model.Exists ? [] : model.Mailbox.Values.ToArray()), MessageState.InvalidRecipient);
        return Call(core, () => !model.Exists && (model.Exists = true));
    }

    public int? Delete(int core, AccountAddress account)
    {
        AccountModel model = Account(account);
        Cores[core].Known.Remove(account);
        (bool existed, MessageModel[] left) = Call(core, () => (model.Exists, model.Delete()));
        Cores[core].Known.Remove(account);
        int ended = Drop(core, model, left, MessageState.InvalidRecipient);
        return existed ? ended : null;
    }

    public long OpenFeed(int core, AccountAddress sender)
    {
        DateTimeOffset at = Clock(core);
        AccountModel account = Account(sender);
        return Call(core, () => (account.Feed ??= new FeedModel(account.Partition.Told.Last(at))).Last);
    }

    public void Sweep(int core)
    {
        DateTimeOffset at = Clock(core);
        List<(PartitionModel Partition, AccountModel? Account)> due = [];
        foreach (PartitionModel partition in accounts.Select(a => a.Partition).Distinct().OrderBy(p => p.Number))
        {
            List<(DateTimeOffset At, string Handle, AccountModel? Account)> looks =
                [.. accounts.Where(a => a.Partition == partition && a.LookAt <= at).Select(a => (a.LookAt!.Value, Convert.ToHexString(a.Name.Handle), (AccountModel?)a))];
            if (partition.LookAt <= at) looks.Add((partition.LookAt.Value, Convert.ToHexString("tell"u8), null));
            due.AddRange(looks.OrderBy(l => l.At).ThenBy(l => l.Handle, StringComparer.Ordinal).Select(l => (partition, l.Account)));
        }

        foreach ((PartitionModel partition, AccountModel? account) in due)
        {
            if (account is null) TellDue(core, partition);
            else Look(core, account);
        }
    }

    private void Look(int core, AccountModel account)
    {
        while (true)
        {
            DateTimeOffset at = Clock(core);
            LookModel look = Call(core, () => account.Look(at));
            if (look.Page is { } page)
            {
                MailboxPage read = Read(core, page);
                if (read.Messages.Count > 0) Cores[core].Pushes.Add((look.Binding!.Flow, account.Address, read));
                Call(core, () => account.Look(at, look.Binding));
            }

            if (look.End is not { } end) return;
            Drop(core, account, look.Messages, end);
        }
    }

    private void TellDue(int core, PartitionModel partition)
    {
        DateTimeOffset again = Clock(core) + TellAfter;
        OwedModel[] owed = Call(core, () =>
        {
            OwedModel[] picked = Cores[core].ToTell.Dequeue();
            Assert.Equal(partition.Owed.Select(o => $"{o}").Order(), picked.Select(o => $"{o}").Order());
            partition.LookAt = picked.Length > 0 ? again : null;
            return picked;
        });
        Tell(core, partition, owed);
    }

    private int Drop(int core, AccountModel account, MessageModel[] messages, MessageState state)
    {
        if (messages.Length == 0) return 0;
        DateTimeOffset at = Clock(core);
        (int ended, OwedModel[] owed) = Call(core, () =>
        {
            MessageModel[] waiting = [.. messages.Where(m => m.State == MessageState.Enqueued)];
            foreach (MessageModel message in waiting) Conclude(message, state, at);
            return (waiting.Length, waiting.Select(m => Owed(m, at)).OfType<OwedModel>().ToArray());
        });
        Tell(core, account.Partition, owed);
        return ended;
    }

    private MessageStatus Conclude(MessageModel message, MessageState state, DateTimeOffset at)
    {
        AccountModel account = Account(message.Key.Recipient);
        account.Remove(message);
        message.State = message.State == MessageState.Enqueued && message.Expires <= at && state != MessageState.Delivered ? MessageState.Expired : state;
        if (!message.Flags.HasFlag(MemberFlags.Tell)) return message.Status;
        PartitionModel partition = account.Partition;
        OwedModel owed = new(message.Key, message.State, at);
        if (!partition.Owed.Contains(owed)) partition.Owed.Add(owed);
        if (partition.LookAt is null || at + TellAfter < partition.LookAt) partition.LookAt = at + TellAfter;
        return message.Status;
    }

    private static OwedModel? Owed(MessageModel message, DateTimeOffset at) => message.Flags.HasFlag(MemberFlags.Tell) ? new OwedModel(message.Key, message.State, at) : null;

    private void Tell(int core, AccountAddress recipient, OwedModel[] owed) => Tell(core, Account(recipient).Partition, owed);

    private void Tell(int core, PartitionModel partition, OwedModel[] owed)
    {
        foreach (OwedModel one in owed)
        {
            ClaimModel claim = _claims[(one.Key.Sender, one.Key.MessageId)];
            AccountModel sender = Account(one.Key.Sender);
            DateTimeOffset at = Clock(core);
            bool last = Call(core, () =>
            {
                if (MessageModel.Rank(one.State) > MessageModel.Rank(claim.Told))
                {
                    claim.Told = one.State;
                    sender.Feed?.Told.Add((sender.Partition.Told.Next(at), new StatusChange(one.Key.MessageId, one.State, one.Ended)));
                }

                return claim.Told == one.State;
            });
            if (last && claim.Receipts is { } asked && (one.State == MessageState.Delivered ? asked.Delivered : asked.Failed) && sender.Exists)
            {
                Receipt receipt = new(one.Key.MessageId, asked.ClientId, one.State, claim.Accepted, one.Ended);
                MessageKey key = new(one.Key.Recipient, receiptId(one.Key, one.State), one.Key.Sender);
                Acceptance stored = Enqueue(core, key, one.Ended, default, MemberFlags.Receipt, receipt, MostReceipts, MostReceipts);
                if (stored.Push is { } push) Cores[core].Pushes.Add((push.Flow, key.Recipient, new MailboxPage(0, push.Message.Sequence, false, [push.Message])));
            }

            Call(core, () => partition.Owed.Remove(one));
        }
    }

    private Acceptance Enqueue(int core, MessageKey key, DateTimeOffset accepted, ReadOnlyMemory<byte> text, MemberFlags flags, Receipt? receipt, int mostQueued, int mostOfSender)
    {
        DateTimeOffset at = Clock(core);
        return Finish(core, Call(core, () => Store(core, key, at, accepted, text, flags, receipt, mostQueued, mostOfSender)), key.Recipient, accepted);
    }

    private Acceptance Store(int core, MessageKey key, DateTimeOffset at, DateTimeOffset accepted, ReadOnlyMemory<byte> text, MemberFlags flags, Receipt? receipt, int mostQueued, int mostOfSender)
    {
        DateTimeOffset expires = accepted + limits.Validity;
        AccountModel recipient = Account(key.Recipient);
        if (_messages.TryGetValue((key.Sender, key.MessageId), out MessageModel? there)) return new Acceptance(AcceptOutcome.Repeated, there.StatusAt(Clock(core)), null);   // judged when the answer is there
        if (expires <= at) return new Acceptance(AcceptOutcome.Repeated, new MessageStatus(MessageState.Expired, accepted, expires), null);
        if (!recipient.Exists) return new Acceptance(AcceptOutcome.UnknownRecipient, null, null);
        MessageModel[] alike = [.. recipient.Mailbox.Values.Where(m => m.Flags.HasFlag(MemberFlags.Receipt) == (receipt is not null))];
        if (alike.Length >= mostQueued || alike.Count(m => m.Key.Sender == key.Sender) >= mostOfSender) return new Acceptance(AcceptOutcome.QueueFull, null, null);
        MessageModel message = new(key, accepted, expires, text, flags, receipt) { Sequence = recipient.Partition.Messages.Next(at) };
        _messages.Add((key.Sender, key.MessageId), message);
        Messages.Add(message);
        return new Acceptance(AcceptOutcome.Accepted, message.Status, recipient.Store(message, at));
    }

    private Acceptance Finish(int core, Acceptance acceptance, AccountAddress recipient, DateTimeOffset accepted)
    {
        if (acceptance.Outcome == AcceptOutcome.UnknownRecipient) Cores[core].Known.Remove(recipient);
        return accepted + limits.Validity <= Clock(core) ? acceptance with { Push = null } : acceptance;
    }

    private MailboxPage Read(int core, PageModel page)
    {
        if (page.Rows.Count == 0) return new MailboxPage(page.After, page.Upto, page.More, []);
        (MessageModel, int, bool)[] waiting = Call(core, () => page.Rows.Where(r => r.Message.State == MessageState.Enqueued && r.Message.Expires > Clock(core)).ToArray());
        return new MailboxPage(page.After, page.Upto, page.More, [.. waiting.Select(r => r.Item1.Queued(0, r.Item2, r.Item3))]);
    }

    private bool IsKnown(int core, AccountModel account)
    {
        if (Cores[core].Known.TryGetValue(account.Address, out DateTimeOffset seen) && Clock(core) - seen < Remembered) return true;
        if (account.Exists) Cores[core].Known[account.Address] = Clock(core);
        return account.Exists;
    }

    private T Call<T>(int core, Func<T> effect)
    {
        Cores[core].Cut.Before();
        T result = effect();
        Cores[core].Cut.After();
        return result;
    }
}
