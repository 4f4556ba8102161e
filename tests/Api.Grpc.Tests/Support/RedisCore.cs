using Core.Store.Accounts;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Testing.Shared;

namespace Api.Grpc.Tests.Support;

/// <summary>A core on a real redis-server, with accounts: shared by a class of tests.</summary>
public sealed class RedisCore : IAsyncLifetime
{
    private ConnectionMultiplexer _redis = null!;

    public TestCertificates Certificates { get; } = new();

    public RedisServer Redis { get; private set; } = null!;

    public TestCore Core { get; private set; } = null!;

    public static string PasswordOf(string user) => $"pässword:{user}";

    public async ValueTask InitializeAsync()
    {
        Redis = await RedisServer.StartAsync();
        Core = await TestCore.StartAsync(Redis.Endpoint, Certificates);
        _redis = await ConnectionMultiplexer.ConnectAsync(Redis.Endpoint);
        await AddAccountsAsync("alice", "bob", "carol");
    }

    public async Task AddAccountsAsync(params string[] users)
    {
        IAccountStore accounts = Core.Services.GetRequiredService<IAccountStore>();
        foreach (string user in users) await accounts.CreateAsync(Address(user), PasswordOf(user));
    }

    public static AccountAddress Address(string user) =>
        AccountAddress.TryCreate(user, "example.test", out AccountAddress address) ? address : throw new ArgumentException("not a user name", nameof(user));

    /// <summary>How many ledger entries, records and mailboxes there are: nothing of a refused message may be among them.</summary>
    public async Task<int> StoredAsync()
    {
        int stored = 0;
        await foreach (RedisKey key in _redis.GetServers()[0].KeysAsync(pattern: "*"))
        {
            byte[] name = (byte[])key!;
            byte kind = name[Array.IndexOf(name, (byte)'}') + 1];
            if (kind is (byte)'l' or (byte)'r' or (byte)'m') stored++;
        }

        return stored;
    }

    /// <summary>The bindings of every account, by the account's handle: who is told of messages, and where.</summary>
    public async Task<Dictionary<string, string>> BindingsAsync()
    {
        Dictionary<string, string> bindings = [];
        await foreach (RedisKey key in _redis.GetServers()[0].KeysAsync(pattern: "*", pageSize: 5_000))
        {
            byte[] name = (byte[])key!;
            if (name[Array.IndexOf(name, (byte)'}') + 1] == (byte)'n') bindings.Add(Convert.ToHexString(name), (await _redis.GetDatabase().StringGetAsync(key)).ToString());
        }

        return bindings;
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await Core.DisposeAsync();
        await Redis.DisposeAsync();
        Certificates.Dispose();
    }
}
