namespace Dev.Host.Supervision;

/// <summary>The command lines of the parts: the only place that knows the settings they take.</summary>
internal static class PartCommands
{
    private const string Loopback = "127.0.0.1";

    /// <summary>The embedded store: this program's other command.</summary>
    public static ChildCommand Store(RunOptions options, int port) => new(
        "store",
        "store",
        [Dotnet(), typeof(PartCommands).Assembly.Location, "store", "--bind", Loopback, "--port", $"{port}"],
        options.In("logs", "store.log"),
        stopping => Readiness.StoreAsync(port, stopping));

    /// <summary>The core. It does not listen on the SIP side and the edges know nothing of Redis.</summary>
    public static ChildCommand Core(RunOptions options, int storePort) => new(
        "core",
        "core",
        [
            Dotnet(), options.CoreAssembly,
            $"--Api:Address={Loopback}",
            $"--Api:Port={options.ApiPort}",
            $"--Api:CertificateFile={options.In("tls", "cert.pem")}",
            $"--Api:KeyFile={options.In("tls", "key.pem")}",
            "--Api:ExemptLoopback=true",   // everybody here comes from one address (spec, Numbers)
            $"--Admin:Port={options.AdminPort}",
            $"--Admin:TokenFile={options.In("admin-token")}",
            $"--Link:Port={options.LinkPort}",
            $"--Link:CertificateFile={options.In("link", "core-cert.pem")}",
            $"--Link:KeyFile={options.In("link", "core-key.pem")}",
            $"--Link:ClientCaFile={options.In("link", "ca.pem")}",
            $"--Metrics:Port={options.MetricsPort}",
            $"--CoreStore:Redis={options.Redis ?? $"{Loopback}:{storePort}"}",
            $"--CoreStore:KeyRingFile={options.In("keyring.json")}",
            "--CoreStore:CreateKeyRing=true",
            $"--CoreStore:LimitsFile={options.LimitsFile}",
            $"--CoreStore:Domain={options.Domain}",
            "--CoreStore:CoreId=core-1",
            $"--CoreStore:AllowVolatileRedis={options.Redis is null || options.AllowVolatileRedis}",
        ],
        options.In("logs", "core.log"),
        stopping => Readiness.HttpAsync(options.MetricsPort, stopping));

    /// <summary>An edge, counted from 0.</summary>
    public static ChildCommand Edge(RunOptions options, int edge)
    {
        string name = RunOptions.EdgeName(edge);
        return new(
            name,
            "edge",
            [
                options.EdgeBinary,
                $"--Edge:Id={name}",
                $"--Sip:Address={Loopback}",
                $"--Sip:Port={options.SipPortOf(edge)}",
                $"--Sip:CertificateFile={options.In("tls", "cert.pem")}",
                $"--Sip:KeyFile={options.In("tls", "key.pem")}",
                "--Sip:ExemptLoopback=true",
                $"--Core:Endpoints:0=https://{Loopback}:{options.LinkPort}",
                $"--Core:CertificateFile={options.In("link", $"{name}-cert.pem")}",
                $"--Core:KeyFile={options.In("link", $"{name}-key.pem")}",
                $"--Core:CaFile={options.In("link", "ca.pem")}",
                $"--Metrics:Port={options.MetricsPortOf(edge)}",
            ],
            options.In("logs", $"{name}.log"),
            stopping => Readiness.HttpAsync(options.MetricsPortOf(edge), stopping));
    }

    /// <summary>The dotnet this program itself runs on.</summary>
    private static string Dotnet() => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
}
