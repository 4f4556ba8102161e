using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Core.Store.Tests.Model;

/// <summary>An account: its mailbox in order, failed tries, devices newest first, and when a sweeper looks. Each method is one step that nothing can come between.</summary>
internal sealed class AccountModel(AccountAddress address, AccountName name, PartitionModel partition, ModelLimits limits)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(33);

    /// <summary>Tries since the last registration, and when the next is due: <see cref="DateTimeOffset.MaxValue"/> waits for a registration.</summary>
    private readonly Dictionary<MessageModel, (int Count, DateTimeOffset Due)> _failed = [];

    private List<BindingModel> _bindings = [];

    public AccountAddress Address => address;

    public AccountName Name => name;

    public PartitionModel Partition => partition;

    public bool Exists { get; set; }

    public SortedList<long, MessageModel> Mailbox { get; } = [];

    public FeedModel? Feed { get; set; }

    /// <summary>When a sweeper looks next; null: never.</summary>
    public DateTimeOffset? LookAt { get; private set; }

    public IReadOnlyList<BindingModel> Bindings(DateTimeOffset now) => [.. _bindings.Where(b => b.Expires > now)];

    public BindingModel? Active(DateTimeOffset now) => _bindings.Find(b => b.Expires > now);

    public int Tries(MessageModel message) => _failed.GetValueOrDefault(message).Count;

    /// <summary>Now or before the last registration.</summary>
    public bool HasFailed(MessageModel message) => _failed.ContainsKey(message);

    /// <summary>Stores a message that nothing speaks against.</summary>
    /// <returns>Where to push it.</returns>
    public DirectedMessage? Store(MessageModel message, DateTimeOffset now)
    {
        long previous = Mailbox.Count == 0 ? 0 : Mailbox.Keys[^1];
        Mailbox.Add(message.Sequence, message);
        BindingModel? active = Active(now);
        LookBy(message.Expires);
        if (active is not null) LookBy(now + LookAgain);
        return active is null ? null : new DirectedMessage(active.Flow, message.Queued(previous, 1, false));
    }

    public void Remove(MessageModel message)
    {
        Mailbox.Remove(message.Sequence);
        _failed.Remove(message);
    }

    /// <returns>The page; null without an account; a page without an upto is a registration that was fenced.</returns>
    public PageModel? Register(Binding binding, long after, bool byClient, DateTimeOffset now)
    {
        if (!Exists) return null;
        List<BindingModel> kept = [];
        BindingModel fresh = new(binding.Flow, binding.Device, binding.Expires);
        int? place = null;
        foreach (BindingModel other in Bindings(now))
        {
            bool sameEdge = other.Flow.EdgeId == fresh.Flow.EdgeId;
            if (sameEdge && other.Flow.Epoch > fresh.Flow.Epoch) return PageModel.Fenced;
            if (other.Flow == fresh.Flow)
            {
                place = kept.Count;
                if (!byClient) fresh = fresh with { Spent = other.Spent };
                continue;
            }

            if (sameEdge && other.Flow.Epoch < fresh.Flow.Epoch) continue;   // the edge started anew
            if (other.Device != fresh.Device) kept.Add(other);
            else if (!byClient) return PageModel.Fenced;
        }

        kept.Insert(byClient ? 0 : place ?? kept.Count, fresh);
        _bindings = [.. kept.Take(5)];
        if (byClient)
        {
            foreach (MessageModel failed in _failed.Keys.Where(f => Mailbox.ContainsKey(f.Sequence))) after = Math.Min(after, failed.Sequence - 1);
            ForgetTries();
        }

        if (Mailbox.Count > 0) LookBy(now + LookAgain);
        return _bindings[0] == fresh ? ReadPage(after, now) : new PageModel(after, after, false, []);
    }

    public void Unregister(FlowId flow, DateTimeOffset now)
    {
        int place = _bindings.FindIndex(b => b.Flow == flow);
        if (place < 0) return;
        bool wasActive = _bindings.Take(place).All(b => b.Expires <= now);
        _bindings.RemoveAt(place);
        _bindings.RemoveAll(b => b.Expires <= now);
        if (!wasActive || _bindings.Count == 0 || Mailbox.Count == 0) return;
        ForgetTries();
        LookBy(now);
    }

    public PageModel? Page(FlowId flow, long after, DateTimeOffset now) => Active(now)?.Flow == flow ? ReadPage(after, now) : null;

    public void Fail(MessageModel message, FlowId flow, int attempt, DateTimeOffset now)
    {
        if (message.State != MessageState.Enqueued || Active(now)?.Flow != flow || attempt != Tries(message) + 1) return;
        if (attempt < limits.Tries)
        {
            _failed[message] = (attempt, now + limits.RetryInterval);
            LookBy(now + limits.RetryInterval);
            return;
        }

        _bindings = [.. Bindings(now)];
        _bindings[0] = _bindings[0] with { Spent = true };
        int next = _bindings.FindIndex(b => !b.Spent);
        _failed[message] = (attempt, DateTimeOffset.MaxValue);
        if (next < 0) return;
        _bindings = [_bindings[next], .. _bindings.Where((_, i) => i != next && i != 0), _bindings[0]];
        ForgetTries();
        LookBy(now);
    }

    /// <summary>A sweeper's look: sets when to look next, but for a push, which is settled after it.</summary>
    public LookModel Look(DateTimeOffset now, BindingModel? settles = null)
    {
        if (Mailbox.Count == 0)
        {
            LookAt = null;
            return LookModel.Nothing;
        }

        if (!Exists) return new LookModel(MessageState.InvalidRecipient, [.. Mailbox.Values], null, null);
        MessageModel[] expired = [.. Mailbox.Values.Where(m => m.Expires <= now)];
        if (expired.Length > 0) return new LookModel(MessageState.Expired, expired, null, null);

        BindingModel? active = Active(now);
        if (settles is not null && active != settles) return LookModel.Nothing;
        if (settles is null && active is not null && Mailbox.Values.Any(m => IsDue(m, now))) return new LookModel(null, [], active, ReadPage(0, now));
        LookAt = Mailbox.Values.Min(m => m.Expires);
        if (active is null) return LookModel.Nothing;
        foreach ((_, DateTimeOffset at) in Mailbox.Values.Select(m => _failed.GetValueOrDefault(m))) LookBy(at > now ? at : now + LookAgain);
        return LookModel.Nothing;
    }

    /// <summary>Deletes the account; its mailbox is for the caller to end.</summary>
    public MessageModel[] Delete()
    {
        Exists = false;
        Feed = null;
        _bindings = [];
        _failed.Clear();
        if (Mailbox.Count > 0) LookAt = DateTimeOffset.UnixEpoch;
        return [.. Mailbox.Values];
    }

    /// <summary>The first page of what a sweeper owes the active device at a time.</summary>
    public IEnumerable<MessageModel> OwedPushes(DateTimeOffset now) =>
        Exists && Active(now) is not null ? Mailbox.Values.Where(m => m.Expires > now && IsDue(m, now)).Take(limits.PageSize) : [];

    private bool IsDue(MessageModel message, DateTimeOffset now) => _failed.GetValueOrDefault(message).Due <= now;

    private void ForgetTries()
    {
        foreach (MessageModel failed in _failed.Keys.ToArray()) _failed[failed] = default;
    }

    private void LookBy(DateTimeOffset at)
    {
        if (LookAt is null || at < LookAt) LookAt = at;
    }

    private PageModel ReadPage(long after, DateTimeOffset now)
    {
        List<(MessageModel, int, bool)> rows = [];
        long upto = after;
        foreach ((long sequence, MessageModel message) in Mailbox.Where(m => m.Key > after))
        {
            if (rows.Count == limits.PageSize) return new PageModel(after, upto, true, rows);
            if (message.Expires > now && IsDue(message, now)) rows.Add((message, Tries(message) + 1, _failed.ContainsKey(message)));
            upto = sequence;
        }

        return new PageModel(after, upto, false, rows);
    }
}

/// <summary>The store's settings, small enough that a short run meets each of them.</summary>
internal sealed record ModelLimits(int PageSize, int Tries, TimeSpan RetryInterval, int MostQueued, int MostOfSender, TimeSpan Validity, bool IsCluster);

/// <summary>Names of a page: message, attempt, failed before.</summary>
internal sealed record PageModel(long After, long Upto, bool More, IReadOnlyList<(MessageModel Message, int Attempt, bool Retry)> Rows)
{
    public static readonly PageModel Fenced = new(0, 0, false, []);
}

/// <summary>What a sweeper is to do: end some as this state, or push a page.</summary>
internal sealed record LookModel(MessageState? End, MessageModel[] Messages, BindingModel? Binding, PageModel? Page)
{
    public static readonly LookModel Nothing = new(null, [], null, null);
}
