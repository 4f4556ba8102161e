using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Support;

/// <summary>The server that a class of tests shares; every test begins with it empty.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    public IStoreServer Server { get; private set; } = null!;

    /// <summary>A connection of the tests' own, with admin rights.</summary>
    public ConnectionMultiplexer Admin { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await StartAsync();
        Admin = await ConnectionMultiplexer.ConnectAsync($"{Server.Endpoint},allowAdmin=true,protocol=resp2");
    }

    public async ValueTask DisposeAsync()
    {
        await Admin.DisposeAsync();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<IStoreServer> StartAsync();
}

/// <summary>A real Redis.</summary>
public sealed class RedisFixture : ServerFixture
{
    protected override async Task<IStoreServer> StartAsync() => await RedisServer.StartAsync();
}

/// <summary>A real Redis that need not sync: for long runs in which nobody pulls its plug.</summary>
public sealed class UnsyncedRedisFixture : ServerFixture
{
    protected override async Task<IStoreServer> StartAsync() => await RedisServer.StartAsync("--appendfsync", "no");
}

/// <summary>A real Redis that is a cluster of one: keys of different partitions are refused in one script.</summary>
public sealed class ClusterFixture : ServerFixture
{
    protected override async Task<IStoreServer> StartAsync()
    {
        RedisServer server = await RedisServer.StartAsync("--appendfsync", "no", "--cluster-enabled", "yes", "--cluster-port", $"{FreePort.Next()}");
        await using ConnectionMultiplexer first = await ConnectionMultiplexer.ConnectAsync($"{server.Endpoint},allowAdmin=true,protocol=resp2");
        await first.GetServers()[0].ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        while (!$"{await first.GetServers()[0].ExecuteAsync("CLUSTER", "INFO")}".Contains("cluster_state:ok", StringComparison.Ordinal)) await Task.Delay(10);
        return server;
    }
}

/// <summary>The embedded store of <c>./run</c>.</summary>
public sealed class GarnetFixture : ServerFixture
{
    protected override async Task<IStoreServer> StartAsync() => await EmbeddedStore.StartAsync();
}
