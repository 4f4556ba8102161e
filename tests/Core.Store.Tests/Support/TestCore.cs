using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Core.Store.Tests.Support;

/// <summary>A core as its host builds it, but for sweeper and key keeper, which work when a test says so.</summary>
internal sealed class TestCore : IAsyncDisposable
{
    private readonly IHost _host;

    private TestCore(IHost host, RecordingPort port) => (_host, Port) = (host, port);

    public RecordingPort Port { get; }

    public IMessageStore Store => _host.Services.GetRequiredService<IMessageStore>();

    public IAccountStore Accounts => _host.Services.GetRequiredService<IAccountStore>();

    public Sweeper Sweeper => _host.Services.GetRequiredService<Sweeper>();

    public SweepLeases Leases => _host.Services.GetRequiredService<SweepLeases>();

    public StoreNames Names => _host.Services.GetRequiredService<StoreNames>();

    public IDatabase Redis => _host.Services.GetRequiredService<RedisConnection>().Database;

    /// <summary>Leaves what a core leaves that dies between claim and enqueue, which are two calls on a cluster.</summary>
    public async Task ClaimAsync(NewMessage message)
    {
        AccountName sender = Names.Account(message.Sender), recipient = Names.Account(message.Recipient);
        byte[] name = Names.Message(sender, message.MessageId);
        byte[] receipts = message.Receipts is { } asked ? Get<SealedReceiptRequest>().Seal(asked, message.Recipient, name) : [];
        byte[] claim = LedgerEntry.Create(Get<KeyRing>(), recipient, message.Text.Span, Get<TimeProvider>().GetUtcNow(), message.MessageId, receipts);
        Assert.True(await Redis.StringSetAsync(RedisKeys.Ledger(sender, name), claim, TimeSpan.FromDays(7), When.NotExists));
        Assert.Null(await Store.FindAsync(message.Sender, message.MessageId));
    }

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>Builds and starts a core.</summary>
    /// <param name="keyRing">Its key ring file, made if missing.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="replace">Services that stand in place of the store's own.</param>
    /// <param name="settings">Further settings of section CoreStore.</param>
    public static async Task<TestCore> StartAsync(
        string endpoint, bool durable, string keyRing, TimeProvider time, string coreId = "core-1", SweepOptions? sweep = null,
        ILoggerProvider? logs = null, Action<IServiceCollection>? replace = null, params (string Name, string Value)[] settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        Dictionary<string, string?> values = new()
        {
            ["CoreStore:Redis"] = endpoint,
            ["CoreStore:KeyRingFile"] = keyRing,
            ["CoreStore:CreateKeyRing"] = "true",
            ["CoreStore:Domain"] = "example.test",
            ["CoreStore:CoreId"] = coreId,
            ["CoreStore:AllowVolatileRedis"] = durable ? "false" : "true",
        };
        foreach ((string name, string value) in settings) values[$"CoreStore:{name}"] = value;
        builder.Configuration.AddInMemoryCollection(values);
        if (logs is not null) builder.Logging.AddProvider(logs);
        RecordingPort port = new(time);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<IDeliveryPort>(port);
        if (sweep is not null) builder.Services.AddSingleton(sweep);
        replace?.Invoke(builder.Services);
        builder.Services.AddCoreStore();
        foreach (ServiceDescriptor own in builder.Services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationFactory is not null).ToList()) builder.Services.Remove(own);
        if (!values.ContainsKey("CoreStore:LimitsFile"))   // nothing to watch; and a clock moved by 72 h would have it look 259,200 times
            builder.Services.Remove(builder.Services.Single(s => s.ImplementationType == typeof(LimitsWatch)));

        IHost host = builder.Build();
        try
        {
            await host.StartAsync();
            _ = host.Services.GetRequiredService<Sweeper>();   // begins with its core, as in a real one
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new TestCore(host, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
