namespace Testing.Shared;

/// <summary>The embedded store of the development host (Garnet), as a process of its own.</summary>
public sealed class EmbeddedStore : IStoreServer
{
    private readonly ServerProcess _process;

    private EmbeddedStore(ServerProcess process, int port) => (_process, Endpoint) = (process, $"127.0.0.1:{port}");

    /// <inheritdoc/>
    public string Endpoint { get; }

    /// <inheritdoc/>
    public bool IsDurable => false;

    /// <summary>Starts the development host that was built beside the tests.</summary>
    public static async Task<EmbeddedStore> StartAsync()
    {
        // tests/X.Tests/bin/CONFIGURATION/net10.0/ -> tests/Dev.Host/bin/CONFIGURATION/net10.0/
        DirectoryInfo framework = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        DirectoryInfo configuration = framework.Parent!;
        string tests = configuration.Parent!.Parent!.Parent!.FullName;
        string host = Path.Combine(tests, "Dev.Host", "bin", configuration.Name, framework.Name, "Dev.Host.dll");
        int port = FreePort.Next();
        return new EmbeddedStore(await ServerProcess.StartAsync(port, "dotnet", host, "store", "--port", $"{port}"), port);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
