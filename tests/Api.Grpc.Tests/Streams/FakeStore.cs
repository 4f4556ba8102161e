using System.Collections.Concurrent;
using System.Text;
using Api.Grpc.Tests.Support;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;

namespace Api.Grpc.Tests.Streams;

/// <summary>The store as its contracts describe it, in memory, by the test's clock: for what a real Redis cannot be told to do at a given moment.</summary>
public sealed class FakeStore(TimeProvider time) : IMessageStore, IStatusFeed, IWakeups, IAccountStore, IEdgeEpochs
{
    private readonly Lock _lock = new();
    private readonly List<Waiting> _waiting = [];
    private readonly List<(AccountAddress Account, Binding Binding)> _bindings = [];   // newest first
    private readonly List<(AccountAddress Sender, StatusChange Change)> _changes = [];
    private readonly ConcurrentDictionary<AccountAddress, int?> _versions = new();
    private readonly List<(AccountAddress Account, Action Wake)> _subscriptions = [];

    /// <summary>What was called, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public ConcurrentQueue<NewMessage> Accepted { get; } = new();

    /// <summary>Hints given to other cores.</summary>
    public ConcurrentQueue<AccountAddress> Hints { get; } = new();

    /// <summary>Redis does not answer.</summary>
    public bool Down { get; set; }

    /// <summary>Hints are lost.</summary>
    public bool Deaf { get; set; }

    /// <summary>Positions up to here are cut off.</summary>
    public long Floor { get; set; }

    /// <summary>Holds up every EndAsync.</summary>
    public TaskCompletionSource? Ending { get; set; }

    public int EndsUnderWay { get; private set; }

    public int MostEndsUnderWay { get; private set; }

    /// <summary>A message that waits, in order.</summary>
    public QueuedMessage Put(string recipient, string text, TimeSpan? expiresIn = null, Receipt? receipt = null)
    {
        QueuedMessage message;
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            message = new QueuedMessage(
                new MessageKey(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address(recipient)), _waiting.Count + 1, 0, 1, now, now + (expiresIn ?? TimeSpan.FromHours(72)), Encoding.UTF8.GetBytes(text), receipt);
            _waiting.Add(new Waiting(message));
        }

        Call(message.Key.Recipient);
        return message;
    }

    /// <summary>Something became of a message.</summary>
    public Guid Change(string sender, MessageState state)
    {
        StatusChange change = new(Guid.NewGuid(), state, time.GetUtcNow());
        lock (_lock) _changes.Add((RedisCore.Address(sender), change));
        Call(RedisCore.Address(sender));
        return change.MessageId;
    }

    /// <summary>Sets an account's credential version; null deletes it.</summary>
    public void SetVersion(string user, int? version) => _versions[RedisCore.Address(user)] = version;

    public MessageState StateOf(QueuedMessage message)
    {
        lock (_lock) return _waiting.Single(w => w.Message.Key == message.Key).State;
    }

    public int TriesOf(QueuedMessage message)
    {
        lock (_lock) return _waiting.Single(w => w.Message.Key == message.Key).Tries;
    }

    public Task<Acceptance> AcceptAsync(NewMessage message)
    {
        Accepted.Enqueue(message);
        return Task.FromResult(new Acceptance(AcceptOutcome.Accepted, new MessageStatus(MessageState.Enqueued, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), null));
    }

    public Task<Acceptance?> FindRepeatedAsync(NewMessage message) => Task.FromResult<Acceptance?>(null);

    public Task<MessageStatus?> FindAsync(AccountAddress sender, Guid messageId) => Task.FromResult<MessageStatus?>(null);

    public Task<MailboxPage?> RegisterAsync(AccountAddress account, Binding binding, long after, bool forgetTries, ClientSession? client = null)
    {
        Answer($"register {account.User} {binding.Flow.EdgeId} {(binding.Expires - time.GetUtcNow()).TotalSeconds} {forgetTries}");
        lock (_lock)
        {
            int place = forgetTries ? 0 : Math.Max(0, _bindings.FindIndex(b => b.Binding.Flow == binding.Flow));
            _bindings.RemoveAll(b => b.Binding.Flow == binding.Flow);
            _bindings.Insert(place, (account, binding));
            if (forgetTries)
            {
                foreach (Waiting waiting in _waiting.Where(w => w.Message.Key.Recipient == account)) (waiting.Tries, waiting.Due) = (0, DateTimeOffset.MinValue);
            }
        }

        return Task.FromResult<MailboxPage?>(Page(account, binding.Flow, after));
    }

    public Task UnregisterAsync(AccountAddress account, FlowId flow, SessionEnd? how = null)
    {
        Answer($"unregister {account.User}");
        lock (_lock) _bindings.RemoveAll(b => b.Binding.Flow == flow);
        Call(account);
        return Task.CompletedTask;
    }

    public Task<MailboxPage> ReadPageAsync(AccountAddress account, FlowId flow, long after)
    {
        Answer($"page {account.User}");
        return Task.FromResult(Page(account, flow, after));
    }

    public async Task<MessageStatus?> EndAsync(MessageKey message, MessageState state, int sipStatus = 0, int attempt = 0, MessageTimes? untold = null)
    {
        Answer($"end {state}");
        lock (_lock) MostEndsUnderWay = Math.Max(MostEndsUnderWay, ++EndsUnderWay);
        if (Ending is { } held) await held.Task;
        lock (_lock)
        {
            EndsUnderWay--;
            if (_waiting.Find(w => w.Message.Key == message) is not { } waiting) return null;
            waiting.State = state;
            return new MessageStatus(state, waiting.Message.AcceptTime, waiting.Message.ExpireTime);
        }
    }

    public Task FailAsync(MessageKey message, FlowId flow, int attempt, int sipStatus = 0)
    {
        Answer($"fail {attempt}");
        lock (_lock)
        {
            Waiting waiting = _waiting.Single(w => w.Message.Key == message);
            if (Active(message.Recipient) == flow && attempt == waiting.Tries + 1) (waiting.Tries, waiting.Due) = (attempt, time.GetUtcNow() + TimeSpan.FromSeconds(30));
        }

        return Task.CompletedTask;
    }

    public Task<long> OpenAsync(AccountAddress sender)
    {
        Answer($"open {sender.User}");
        lock (_lock) return Task.FromResult((long)_changes.Count);
    }

    public Task<StatusPage> ReadAsync(AccountAddress sender, long after)
    {
        Answer($"read {sender.User}");
        lock (_lock)
        {
            (StatusChange Change, long Position)[] rest = [.. _changes.Select((c, i) => (c.Sender, c.Change, Position: i + 1L)).Where(c => c.Sender == sender && c.Position > Math.Max(after, Floor)).Select(c => (c.Change, c.Position))];
            (StatusChange Change, long Position)[] page = [.. rest.Take(100)];
            return Task.FromResult(new StatusPage([.. page.Select(c => c.Change)], page.Length > 0 ? page[^1].Position : Math.Max(after, Floor), rest.Length > page.Length, after < Floor));
        }
    }

    public IDisposable Subscribe(AccountAddress account, Action wake)
    {
        (AccountAddress, Action) subscription = (account, wake);
        lock (_lock) _subscriptions.Add(subscription);
        return new Subscription(() =>
        {
            lock (_lock) _subscriptions.Remove(subscription);
        });
    }

    public void Wake(AccountAddress account) => Hints.Enqueue(account);

    public ValueTask<AccountVerifiers?> FindVerifiersAsync(AccountAddress address)
    {
        string password = RedisCore.PasswordOf(address.User);
        return ValueTask.FromResult(Version(address) is { } version ? new AccountVerifiers(PasswordVerifier.Sha256(address, password), PasswordVerifier.Md5(address, password), version) : null);
    }

    public async ValueTask<AccountVerifiers?> ProveAsync(AccountAddress address, Func<AccountVerifiers, bool> proves) =>
        await FindVerifiersAsync(address) is { } verifiers && proves(verifiers) ? verifiers : null;

    public Task<Account?> GetAsync(AccountAddress address)
    {
        Answer($"get {address.User}");
        return Task.FromResult(Version(address) is { } version ? new Account(address, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, version) : null);
    }

    public Task<long> EpochOfAsync(string edgeId, ReadOnlyMemory<byte> instance) => Task.FromResult(7L);

    public Task SeenAsync(string edgeId)
    {
        Answer($"seen {edgeId}");
        return Task.CompletedTask;
    }

    public Task<Account?> CreateAsync(AccountAddress address, string password) => throw new NotSupportedException();

    public Task<Account?> UpdateAsync(AccountAddress address, string password) => throw new NotSupportedException();

    public Task<int?> DeleteAsync(AccountAddress address) => throw new NotSupportedException();

    public Task<AccountPage> ListAsync(int pageSize, string pageToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<(AccountAddress Address, string Password)> accounts) => throw new NotSupportedException();

    private MailboxPage Page(AccountAddress account, FlowId flow, long after)
    {
        lock (_lock)
        {
            if (Active(account) != flow) return new MailboxPage(after, after, false, []);
            Waiting[] due = [.. _waiting.Where(w => w.Message.Key.Recipient == account && w.State == MessageState.Enqueued && w.Message.Sequence > after && w.Due <= time.GetUtcNow())];
            QueuedMessage[] page = [.. due.Take(32).Select(w => w.Message with { Attempt = w.Tries + 1 })];
            return new MailboxPage(after, page.Length > 0 ? page[^1].Sequence : after, due.Length > page.Length, page);
        }
    }

    private FlowId? Active(AccountAddress account) => _bindings.Where(b => b.Account == account).Select(b => (FlowId?)b.Binding.Flow).FirstOrDefault();

    private int? Version(AccountAddress address) => _versions.TryGetValue(address, out int? version) ? version : 1;

    private void Answer(string call)
    {
        Calls.Enqueue(call);
        if (Down) throw new StoreUnavailableException("down");
    }

    private void Call(AccountAddress account)
    {
        if (Deaf) return;
        Action[] wakes;
        lock (_lock) wakes = [.. _subscriptions.Where(s => s.Account == account).Select(s => s.Wake)];
        foreach (Action wake in wakes) wake();
    }

    private sealed class Waiting(QueuedMessage message)
    {
        public QueuedMessage Message => message;

        public MessageState State { get; set; }

        public int Tries { get; set; }

        public DateTimeOffset Due { get; set; }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
