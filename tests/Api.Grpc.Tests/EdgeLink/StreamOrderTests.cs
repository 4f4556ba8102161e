using System.Collections.Concurrent;
using Api.Grpc.EdgeLink;
using Api.Grpc.Tests.Support;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Order and back pressure of a stream, with stores that a test can hold up: what a real Redis cannot be told to do.</summary>
public sealed class StreamOrderTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private readonly HeldStore _store = new();
    private readonly HeldAccounts _accounts = new();
    private RedisServer _redis = null!;
    private TestCore _core = null!;
    private TestLink _link = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        // The patience of a stop is not what these tests are about: time stands, so that a busy machine cannot use it up.
        _core = await TestCore.StartAsync(
            _redis.Endpoint, _certificates,
            services => services.AddSingleton<IMessageStore>(_store).AddSingleton<IAccountStore>(_accounts).AddSingleton<TimeProvider>(new FakeTimeProvider(DateTimeOffset.UtcNow))
                .PostConfigure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(2)),
            "Link:MaxEventsUnderWay=4");
        _link = await TestLink.ConnectAsync(_core);
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        await _core.DisposeAsync();
        await _redis.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Unregister_WhileRegisterAwaitsTheAccount_ComesAfterIt()
    {
        TaskCompletionSource held = _accounts.Hold();
        await _link.SendAsync(new EdgeEvent { Register = _link.Register("alice", 1) }, new EdgeEvent { Unregister = new Unregister { Flow = 1, User = "alice" } });
        await Until.TrueAsync(() => _accounts.Asked == 1, "the account is asked for");
        Assert.Empty(_store.Calls);
        held.SetResult();
        await _link.NextAsync(CoreEvent.EventOneofCase.Reported);
        Assert.Equal(["register 1", "unregister 1"], _store.Calls);
    }

    [Fact]
    public async Task Submit_FourUnderWay_FifthIsNotStartedUntilOneIsAnswered()
    {
        _store.Held = new TaskCompletionSource();
        Registered[] registered = [.. Enumerable.Range(1, 6).Select(_ => new Registered())];
        for (int flow = 1; flow <= 6; flow++) registered[flow - 1] = await _link.RegisterAsync("alice", (ulong)flow);
        _store.Calls.Clear();
        EdgeEvent[] batch = [.. Enumerable.Range(1, 6).Select(flow => new EdgeEvent
        {
            Submit = _link.Submit("alice", (ulong)flow, registered[flow - 1].Ticket, $"key {flow}", "bob", ByteString.CopyFromUtf8($"{flow}")),
        })];

        await _link.SendAsync(batch);
        await Until.TrueAsync(() => _store.Calls.Count == 4, "four submissions under way");
        _store.Held.SetResult();
        for (int i = 0; i < 6; i++) await _link.NextAsync(CoreEvent.EventOneofCase.Submitted);

        Assert.Equal(["accept 1", "accept 2", "accept 3", "accept 4"], _store.Calls.Take(4));
        Assert.Equal(6, _store.Calls.Count);
        Assert.Equal(4, _store.MostUnderWay);
    }

    [Fact]
    [Spec("P6")]
    public async Task Submit_BehindOneThatTheStoreDidNotAnswer_RefusedWithoutTrying()
    {
        Registered registered = await _link.RegisterAsync("alice", 1);
        _store.Calls.Clear();
        _store.Held = new TaskCompletionSource();
        EdgeEvent[] batch = [.. Enumerable.Range(1, 3).Select(i => new EdgeEvent { Submit = _link.Submit("alice", 1, registered.Ticket, $"key {i}", "bob", ByteString.CopyFromUtf8($"{i}")) })];
        await _link.SendAsync([.. batch, new EdgeEvent { Unregister = new Unregister { Flow = 3, User = "alice", Number = 9 } }]);
        await Until.TrueAsync(() => _store.Calls.Count == 2, "the first is under way, and all behind it have begun to wait");
        _store.Held.SetException(new StoreUnavailableException("held"));
        for (int i = 0; i < 3; i++)
        {
            Submitted answer = (await _link.NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted;
            Assert.Equal((Refusal.Unavailable, 5u), (answer.Refusal, answer.RetryAfterSeconds));
        }

        Assert.Equal(["accept 1", "unregister 3"], _store.Calls);
    }

    [Fact]
    [Spec("P7")]
    public async Task Event_TheCoreMeetsAFault_ToldSoAndNotToRepeatIt()
    {
        Registered registered = await _link.RegisterAsync("alice", 1);
        _store.Held = new TaskCompletionSource();
        _store.Held.SetException(_store.Fault = new InvalidOperationException("a fault"));
        await _link.SendAsync(
            new EdgeEvent { Submit = _link.Submit("alice", 1, registered.Ticket, "key", "bob", ByteString.CopyFromUtf8("hi")) },
            new EdgeEvent { Submit = _link.Submit("alice", 1, registered.Ticket, "key", "bob", ByteString.CopyFromUtf8("hi")) },
            new EdgeEvent { Register = _link.Register("alice", 2) },
            new EdgeEvent { Refresh = new Refresh { Flow = 1, User = "alice", Ticket = registered.Ticket, ExpiresSeconds = 60, Device = "d" } });
        await _link.SendAsync(
            new EdgeEvent { PageRequest = new PageRequest { Flow = 1, User = "alice", Ticket = registered.Ticket, After = 4 } },
            new EdgeEvent { Unregister = new Unregister { Flow = 3, User = "alice", Number = 9 } });
        for (int i = 0; i < 2; i++)
        {
            Submitted submitted = (await _link.NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted;
            Assert.Equal((Refusal.Fault, 0u), (submitted.Refusal, submitted.RetryAfterSeconds));   // and the second one was tried
        }

        Assert.Equal(RegisterOutcome.RegisterFault, (await _link.NextAsync(CoreEvent.EventOneofCase.Registered)).Registered.Outcome);
        Assert.Equal(RegisterOutcome.RegisterFault, (await _link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed.Outcome);
        Page page = (await _link.NextAsync(CoreEvent.EventOneofCase.Page)).Page;
        Assert.Equal((4L, 4L, false, false), (page.After, page.Upto, page.More, page.Failed));
        Reported reported = (await _link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported;
        Assert.Equal((9ul, false), (reported.Number, reported.Retry));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("a\nb")]
    [InlineData("\u00e4")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task Event_NotWhatTheProtocolAllows_RefusedBeforeTheStore(string device)
    {
        Registered registered = await _link.RegisterAsync("alice", 1);
        _store.Calls.Clear();
        Assert.Equal(RegisterOutcome.RegisterFault, (await _link.RegisterAsync("alice", 2, change: register => register.Device = device)).Outcome);
        await _link.SendAsync(new EdgeEvent { Refresh = new Refresh { Flow = 1, User = "alice", Ticket = registered.Ticket, ExpiresSeconds = 60, Device = device } });
        Assert.Equal(RegisterOutcome.RegisterFault, (await _link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed.Outcome);
        Assert.Equal(Refusal.Malformed, (await _link.SubmitAsync("alice", 1, registered.Ticket, "", "bob", ByteString.CopyFromUtf8("hi"))).Refusal);
        Assert.Empty(_store.Calls);
        Assert.Equal(RegisterOutcome.Bound, (await _link.RegisterAsync("alice", 2)).Outcome);   // the link stands
    }

    [Fact]
    [Spec("P3")]
    public async Task Stop_MessageUnderWay_IsAnsweredBeforeTheLinkEndsAndNoMoreBegin()
    {
        Registered registered = await _link.RegisterAsync("alice", 1);
        _store.Calls.Clear();
        _store.Held = new TaskCompletionSource();
        await _link.SendAsync(new EdgeEvent { Submit = _link.Submit("alice", 1, registered.Ticket, "key 1", "bob", ByteString.CopyFromUtf8("1")) });
        await Until.TrueAsync(() => _store.Calls.Count == 1, "under way");
        Task stopping = _core.StopAsync();
        await using TestLink another = TestLink.Open(_core.LinkChannel(_certificates.Client("CN=edge-2, OU=edge")), "edge-2");
        await another.TrySendAsync(another.Hello());
        await Assert.ThrowsAsync<RpcException>(() => another.Ended);
        await _link.SendAsync(new EdgeEvent { Submit = _link.Submit("alice", 1, registered.Ticket, "key 2", "bob", ByteString.CopyFromUtf8("2")) });
        _store.Held.SetResult();
        Assert.Equal(Refusal.Unspecified, (await _link.NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted.Refusal);
        await Until.TrueAsync(() => _link.Ended.IsCompleted, "the link has ended");   // by its trailers or by the connection's end, whichever the client sees first
        await stopping;
        Assert.Equal(["accept 1"], _store.Calls);
    }

    [Theory]   // what the edge gives back saves the store a read; without it the store reads
    [InlineData(true, DeliveryOutcome.AcceptedByDevice, "end Delivered 86400000 90000000")]
    [InlineData(false, DeliveryOutcome.AcceptedByDevice, "end Delivered")]
    [InlineData(true, DeliveryOutcome.RefusedByDevice, "end InvalidDevice")]
    public async Task Report_OfAMessageThatEndsUntold_StoreGivenItsTimes(bool untold, DeliveryOutcome outcome, string call)
    {
        DateTimeOffset accepted = DateTimeOffset.UnixEpoch.AddDays(1);
        QueuedMessage message = new(
            new MessageKey(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address("bob")), 5, 0, 1, accepted, accepted.AddHours(1), "hello"u8.ToArray(), EndsUntold: untold);
        LinkMapping mapping = _core.Services.GetRequiredService<LinkMapping>();
        Delivery delivery = mapping.ToDelivery(new FlowId(_link.EdgeId, _link.Welcome.Epoch, 1), message);
        await _link.SendAsync(new EdgeEvent { DeliveryReport = TestLink.Report(delivery, outcome) });
        await _link.NextAsync(CoreEvent.EventOneofCase.Reported);
        Assert.Equal([call], _store.Calls);
    }

    /// <summary>Writes down what was called, in order; accepts when told to.</summary>
    private sealed class HeldStore : IMessageStore
    {
        private int _underWay;

        public ConcurrentQueue<string> Calls { get; } = new();

        public TaskCompletionSource? Held { get; set; }

        public Exception? Fault { get; set; }

        public int MostUnderWay { get; private set; }

        public async Task<Acceptance> AcceptAsync(NewMessage message)
        {
            int underWay = Interlocked.Increment(ref _underWay);
            lock (Calls) MostUnderWay = Math.Max(MostUnderWay, underWay);
            Calls.Enqueue($"accept {System.Text.Encoding.UTF8.GetString(message.Text.Span)}");
            if (Held is { } held) await held.Task;
            Interlocked.Decrement(ref _underWay);
            return new Acceptance(AcceptOutcome.Accepted, new MessageStatus(MessageState.Enqueued, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), null);
        }

        public Task<MessageStatus?> FindAsync(AccountAddress sender, Guid messageId) => Task.FromResult<MessageStatus?>(null);

        public Task<Acceptance?> FindRepeatedAsync(NewMessage message) => Task.FromResult<Acceptance?>(null);

        public Task<MailboxPage?> RegisterAsync(AccountAddress account, Binding binding, long after, bool forgetTries, Core.Store.Operators.ClientSession? client = null)
        {
            if (Fault is { } fault) throw fault;
            Calls.Enqueue($"register {binding.Flow.Flow}");
            return Task.FromResult<MailboxPage?>(new MailboxPage(after, after, false, []));
        }

        public Task UnregisterAsync(AccountAddress account, FlowId flow, SessionEnd? how = null)
        {
            if (Fault is { } fault) throw fault;
            Calls.Enqueue($"unregister {flow.Flow}");
            return Task.CompletedTask;
        }

        public Task<MailboxPage> ReadPageAsync(AccountAddress account, FlowId flow, long after) => Fault is { } fault ? throw fault : Task.FromResult(new MailboxPage(after, after, false, []));

        public Task<MessageStatus?> EndAsync(MessageKey message, MessageState state, int sipStatus = 0, int attempt = 0, MessageTimes? untold = null)
        {
            Calls.Enqueue($"end {state} {untold?.Accepted.ToUnixTimeMilliseconds()} {untold?.Expires.ToUnixTimeMilliseconds()}".TrimEnd());
            return Task.FromResult<MessageStatus?>(null);
        }

        public Task FailAsync(MessageKey message, FlowId flow, int attempt, int sipStatus = 0) => Task.CompletedTask;
    }

    /// <summary>Knows every account, when it may answer.</summary>
    private sealed class HeldAccounts : IAccountStore
    {
        private TaskCompletionSource? _held;

        public int Asked { get; private set; }

        public TaskCompletionSource Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<AccountVerifiers?> FindVerifiersAsync(AccountAddress address)
        {
            Asked++;
            if (_held is { } held) await held.Task;
            string password = RedisCore.PasswordOf(address.User);
            return new AccountVerifiers(PasswordVerifier.Sha256(address, password), PasswordVerifier.Md5(address, password), 1);
        }

        public async ValueTask<AccountVerifiers?> ProveAsync(AccountAddress address, Func<AccountVerifiers, bool> proves) =>
            await FindVerifiersAsync(address) is { } verifiers && proves(verifiers) ? verifiers : null;

        public Task<Account?> CreateAsync(AccountAddress address, string password) => throw new NotSupportedException();

        public Task<Account?> UpdateAsync(AccountAddress address, string password) => throw new NotSupportedException();

        public Task<int?> DeleteAsync(AccountAddress address) => throw new NotSupportedException();

        public Task<Account?> GetAsync(AccountAddress address) => Task.FromResult<Account?>(new Account(address, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1));

        public Task<AccountPage> ListAsync(int pageSize, string pageToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<(AccountAddress Address, string Password)> accounts) => throw new NotSupportedException();
    }
}
