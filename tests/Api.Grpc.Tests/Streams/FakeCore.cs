using Api.Grpc.Tests.Support;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Presence;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.Streams;

/// <summary>A core over its real listeners, with a store in memory and a clock that only tests move. Redis is there for the start alone.</summary>
public sealed class FakeCore : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private RedisServer _redis = null!;

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    public FakeStore Store { get; private set; } = null!;

    public TestCore Core { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        Store = new FakeStore(Time);
        Core = await StartAsync();
    }

    /// <summary>Another core on the same store.</summary>
    public Task<TestCore> StartAsync(params string[] settings) => TestCore.StartAsync(_redis.Endpoint, _certificates, AddServices, settings);

    public GrpcCalls Calls(string user) => Calls(Core, user);

    public static GrpcCalls Calls(TestCore core, string user) => core.Calls(core.Api, TestCore.Basic(user, RedisCore.PasswordOf(user)));

    public async ValueTask DisposeAsync()
    {
        await Core.DisposeAsync();
        await _redis.DisposeAsync();
        _certificates.Dispose();
    }

    private void AddServices(IServiceCollection services) => services
        .AddSingleton<TimeProvider>(Time).AddSingleton<IMessageStore>(Store).AddSingleton<IStatusFeed>(Store).AddSingleton<IWakeups>(Store)
        .AddSingleton<IAccountStore>(Store).AddSingleton<IEdgeEpochs>(Store);
}
