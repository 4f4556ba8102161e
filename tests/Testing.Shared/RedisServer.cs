namespace Testing.Shared;

/// <summary>A real redis-server on a free port of loopback, with its files in a folder of its own, fsynced at every write unless told otherwise.</summary>
public sealed class RedisServer : IStoreServer
{
    private readonly string[] _settings;
    private ServerProcess _process = null!;

    private RedisServer(int port, string folder, string[] settings) => (Port, Folder, _settings) = (port, folder, settings);

    /// <summary>On loopback.</summary>
    public int Port { get; }

    /// <summary>Holds the append-only file and the dump.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <inheritdoc/>
    public bool IsDurable => true;

    /// <summary>Starts one.</summary>
    /// <param name="settings">Further settings as on redis-server's command line; they win over the defaults.</param>
    public static async Task<RedisServer> StartAsync(params string[] settings)
    {
        RedisServer server = new(FreePort.Next(), Directory.CreateTempSubdirectory("edge-redis-").FullName, settings);
        await server.StartProcessAsync();
        return server;
    }

    /// <summary>kill -9: what was acknowledged must be there after <see cref="StartAgainAsync"/>.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>Starts it again on the same port and files.</summary>
    public async Task StartAgainAsync()
    {
        await _process.DisposeAsync();
        await StartProcessAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartProcessAsync() => _process = await ServerProcess.StartAsync(
        Port,
        "redis-server",
        ["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", Folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always", .. _settings]);
}
