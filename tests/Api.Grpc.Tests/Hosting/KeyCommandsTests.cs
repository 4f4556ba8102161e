using Api.Grpc.Hosting;
using Testing.Shared;

namespace Api.Grpc.Tests.Hosting;

/// <summary>The key ring by hand, as an operator types it.</summary>
public sealed class KeyCommandsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-keys-").FullName;

    [Fact]
    public async Task Keys_RotateThenRekey_AuditShowsWhatSeals()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        Assert.Equal(0, (await RunAsync(redis.Endpoint, "audit")).Code);
        Assert.Equal(["message", "fingerprint", "account", "name"], await PurposesAsync(redis));
        Assert.Equal(0, (await RunAsync(redis.Endpoint, "rotate")).Code);
        Assert.Equal(["message", "fingerprint", "account", "name", "message", "fingerprint", "account"], await PurposesAsync(redis));

        (int code, string said, _) = await RunAsync(redis.Endpoint, "rekey");
        Assert.Equal(0, code);
        Assert.Contains("wiped", said, StringComparison.Ordinal);
        Assert.Equal(["fingerprint", "name", "fingerprint", "message", "fingerprint", "account"], await PurposesAsync(redis));
    }

    [Theory]
    [InlineData]
    [InlineData("wipe")]
    public async Task Keys_UnknownWord_Usage(params string[] words)
    {
        using StringWriter output = new(), errors = new();
        Assert.Equal(1, await KeyCommands.RunAsync(words, output, errors));
        Assert.Contains("audit|rotate|rekey", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_RedisAway_SaidPlainly()
    {
        (int code, _, string errors) = await RunAsync($"127.0.0.1:{FreePort.Next()}", "audit");
        Assert.Equal(2, code);
        Assert.Contains("CoreStore:Redis", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_SettingMissing_NamedAsAtAStart()
    {
        using StringWriter output = new(), errors = new();
        Assert.Equal(2, await KeyCommands.RunAsync(["audit"], output, errors));
        Assert.Contains("KeyRingFile", errors.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string[]> PurposesAsync(RedisServer redis) =>
        [.. (await RunAsync(redis.Endpoint, "audit")).Said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])];

    private async Task<(int Code, string Said, string Errors)> RunAsync(string redis, string word)
    {
        using StringWriter output = new(), errors = new();
        int code = await KeyCommands.RunAsync(
            [word, $"--CoreStore:Redis={redis}", $"--CoreStore:KeyRingFile={_folder}/keys.json", "--CoreStore:CreateKeyRing=true", "--CoreStore:Domain=example.test",
                "--CoreStore:CoreId=tool", "--CoreStore:KeyActivationDelay=00:00:03"],
            output,
            errors);
        return (code, output.ToString(), errors.ToString());
    }
}
