using Core.Store.Redis;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Testing.Shared;

namespace Core.Store.Tests.Redis;

/// <summary>What the start refuses, and what it says about it.</summary>
public sealed class RedisGuardTests : IDisposable
{
    private readonly RingFolder _ring = new();

    [Theory]
    [InlineData("appendonly", "no", "set appendonly yes")]
    [InlineData("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction")]
    [InlineData("maxmemory-policy", "volatile-ttl", "set maxmemory-policy noeviction")]
    [InlineData("no-appendfsync-on-rewrite", "yes", "set no-appendfsync-on-rewrite no")]
    [Spec("P1")]
    public async Task Start_RedisThatLoses_RefusedWithAdvice(string setting, string value, string advice)
    {
        await using RedisServer server = await RedisServer.StartAsync($"--{setting}", value);
        RedisRefusedException refusal = await Assert.ThrowsAsync<RedisRefusedException>(() => StartAsync(server));
        Assert.Contains(advice, refusal.Message, StringComparison.Ordinal);

        LogLines log = new();
        await using TestCore core = await StartAsync(server, log, ("AllowVolatileRedis", "true"));
        Assert.Contains(log.Lines, l => l.Id.Name == "RedisVolatile" && l.Level == LogLevel.Warning && l.Text.Contains(advice, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_EveryFault_AllToldAtOnce()
    {
        await using RedisServer server = await RedisServer.StartAsync("--appendonly", "no", "--maxmemory-policy", "allkeys-lru", "--no-appendfsync-on-rewrite", "yes");
        string message = (await Assert.ThrowsAsync<RedisRefusedException>(() => StartAsync(server))).Message;
        Assert.All(["appendonly yes", "noeviction", "no-appendfsync-on-rewrite no"], part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]   // a replica would refuse every write, an hour after the start as much as now
    [Spec("P1")]
    public async Task Start_ReplicaAlone_RefusedWithAdvice()
    {
        await using RedisServer master = await RedisServer.StartAsync();
        await using RedisServer replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        Assert.Contains("name the master", (await Assert.ThrowsAsync<RedisRefusedException>(() => StartAsync(replica))).Message, StringComparison.Ordinal);
    }

    [Theory]   // CONFIG is forbidden at many hosters: INFO tells enough
    [InlineData("yes", false)]
    [InlineData("no", true)]
    [Spec("P1")]
    public async Task Start_ConfigForbidden_JudgedByInfo(string appendOnly, bool refused)
    {
        await using RedisServer server = await RedisServer.StartAsync("--appendonly", appendOnly, "--rename-command", "CONFIG", "");
        LogLines log = new();
        if (refused)
        {
            Assert.Contains("appendonly yes", (await Assert.ThrowsAsync<RedisRefusedException>(() => StartAsync(server))).Message, StringComparison.Ordinal);
            return;
        }

        await using TestCore core = await StartAsync(server, log);
        Assert.Contains(log.Lines, l => l.Id.Name == "RedisSettingsUnknown");
    }

    [Fact]
    [Spec("P1")]
    public async Task Start_FsyncEverySecond_Warned()
    {
        await using RedisServer server = await RedisServer.StartAsync("--appendfsync", "everysec");
        LogLines log = new();
        await using TestCore core = await StartAsync(server, log);
        Assert.Contains(log.Lines, l => l.Id.Name == "RedisNotSyncing" && l.Level == LogLevel.Warning);
    }

    [Fact]
    public async Task Start_FilledWithAnotherRing_Refused()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using (await StartAsync(server)) { }
        using RingFolder other = new();
        RedisRefusedException refusal = await Assert.ThrowsAsync<RedisRefusedException>(
            () => TestCore.StartAsync(server.Endpoint, true, other.Path, TimeProvider.System));
        Assert.Contains("another key ring", refusal.Message, StringComparison.Ordinal);
        await using TestCore again = await StartAsync(server);   // with its own it goes on
    }

    [Fact]   // what is stored stays; a core of the version before would number messages below those that edges have seen
    public async Task Start_FormatOfTheVersionBefore_TakenOverAndItsCoresRefused()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        string format;
        await using (TestCore core = await StartAsync(server))
        {
            format = (await core.Redis.StringGetAsync("core-store:format"))!;
            Assert.StartsWith("4 ", format, StringComparison.Ordinal);
            await core.Redis.StringSetAsync("core-store:format", $"3{format[1..]}");
        }

        await using TestCore after = await StartAsync(server);
        Assert.Equal(format, await after.Redis.StringGetAsync("core-store:format"));
    }

    [Fact]   // the partition count is fixed when a store is first filled
    public async Task Start_OtherPartitionCount_Refused()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using (TestCore core = await StartAsync(server))
        {
            string format = (await core.Redis.StringGetAsync("core-store:format"))!;
            await core.Redis.StringSetAsync("core-store:format", format.Replace("1024", "2048", StringComparison.Ordinal));
        }

        Assert.Contains("2048", (await Assert.ThrowsAsync<RedisRefusedException>(() => StartAsync(server))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ClockFarOff_Warned()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        LogLines log = new();
        await using TestCore core = await TestCore.StartAsync(server.Endpoint, true, _ring.Path, _ring.Time, logs: log);
        Assert.Contains(log.Lines, l => l.Id.Name == "ClocksDiffer");
    }

    [Fact]
    public async Task Start_BadSettings_EveryFaultTold()
    {
        OptionsValidationException faults = await Assert.ThrowsAsync<OptionsValidationException>(() => TestCore.StartAsync(
            "", true, _ring.Path, TimeProvider.System, settings: [("CoreId", ""), ("OutcomeLifetime", "1.00:00:00"), ("PageSize", "0"), ("LimitsFile", "no-such-file"), ("KeyActivationDelay", "00:00:02"), ("RotateKeysEvery", "00:00:03")]));
        Assert.All(["Redis", "CoreId", "OutcomeLifetime", "PageSize", "LimitsFile", "KeyActivationDelay", "RotateKeysEvery"], name => Assert.Contains(name, faults.Message, StringComparison.Ordinal));
    }

    public void Dispose() => _ring.Dispose();

    private Task<TestCore> StartAsync(RedisServer server, LogLines? log = null, params (string, string)[] settings) =>
        TestCore.StartAsync(server.Endpoint, true, _ring.Path, TimeProvider.System, logs: log, settings: settings);
}
