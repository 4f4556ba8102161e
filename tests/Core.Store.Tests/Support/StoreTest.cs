using System.Text;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Core.Store.Tests.Support;

/// <summary>An empty server, a core on it, two accounts and a clock that only the test moves.</summary>
public abstract class StoreTest(ServerFixture fixture) : IAsyncLifetime
{
    protected static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    protected static readonly AccountAddress Alice = Address("alice");
    protected static readonly AccountAddress Bob = Address("bob");
    protected static readonly AccountAddress Carol = Address("carol");

    private readonly string _folder = Directory.CreateTempSubdirectory("edge-ring-").FullName;
    private readonly List<TestCore> _cores = [];

    private protected ServerFixture Fixture => fixture;

    private protected FakeTimeProvider Time { get; } = new(Noon);

    private protected string KeyRing => Path.Combine(_folder, "keys.json");

    private protected TestCore Core { get; private set; } = null!;

    private protected IMessageStore Store => Core.Store;

    public virtual async ValueTask InitializeAsync()
    {
        await fixture.Admin.GetServers()[0].FlushAllDatabasesAsync();
        Core = await StartCoreAsync();
        foreach (AccountAddress address in new[] { Alice, Bob, Carol }) await Core.Accounts.CreateAsync(address, "secret");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestCore core in _cores) await core.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected async Task<TestCore> StartCoreAsync(
        string coreId = "core-1", SweepOptions? sweep = null, Microsoft.Extensions.Logging.ILoggerProvider? logs = null,
        Action<Microsoft.Extensions.DependencyInjection.IServiceCollection>? replace = null, params (string, string)[] settings)
    {
        TestCore core = await TestCore.StartAsync(fixture.Server.Endpoint, fixture.Server.IsDurable, KeyRing, Time, coreId, sweep, logs, replace, settings);
        _cores.Add(core);
        return core;
    }

    protected static AccountAddress Address(string user)
    {
        Assert.True(AccountAddress.TryCreate(user, "example.test", out AccountAddress address));
        return address;
    }

    protected static NewMessage Message(AccountAddress from, AccountAddress to, string text, Guid? id = null) =>
        new(from, id ?? Guid.NewGuid(), to, Encoding.UTF8.GetBytes(text));

    /// <summary>Where the sequence of an account's messages stands.</summary>
    private protected RedisKey SequenceOf(AccountAddress recipient) =>
        Core.Get<RedisConnection>().IsCluster ? RedisKeys.Sequence(Core.Names.Account(recipient).Partition) : RedisKeys.MessageSequence;

    private protected Task<Acceptance> SendAsync(string text) => Store.AcceptAsync(Message(Alice, Bob, text));

    private protected async Task<MessageKey> AcceptedAsync(string text, AccountAddress? from = null, AccountAddress? to = null)
    {
        NewMessage message = Message(from ?? Alice, to ?? Bob, text);
        Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(message)).Outcome);
        return new MessageKey(message.Sender, message.MessageId, message.Recipient);
    }

    protected static FlowId Flow(ulong flow, string edge = "edge-1", long epoch = 1) => new(edge, epoch, flow);

    private protected Binding Bind(FlowId flow, string device = "phone", int seconds = 3_600) => new(flow, device, Time.GetUtcNow().AddSeconds(seconds));

    private protected async Task<MailboxPage> RegisterAsync(FlowId flow, string device = "phone", long after = 0, bool byClient = true) =>
        (await Store.RegisterAsync(Bob, Bind(flow, device), after, byClient))!;

    /// <summary>What an edge gives back of a message that ends untold.</summary>
    private protected async Task<MessageTimes?> TimesAsync(MessageKey key) =>
        await Store.FindAsync(key.Sender, key.MessageId) is { } status ? new MessageTimes(status.AcceptTime, status.ExpireTime) : null;

    private protected async Task<MessageState?> StateAsync(MessageKey key) => (await Store.FindAsync(key.Sender, key.MessageId))?.State;

    private protected static string[] Texts(MailboxPage page) => [.. page.Messages.Select(m => Encoding.UTF8.GetString(m.Text.Span))];

    /// <summary>Waits for what happens outside the moved clock, within a deadline.</summary>
    protected static async Task EventuallyAsync(Func<Task<bool>> happened, string what)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(20));
        while (!await happened())
        {
            if (deadline.IsCancellationRequested) Assert.Fail($"did not happen in 20 s: {what}");
            await Task.Delay(20);
        }
    }
}
