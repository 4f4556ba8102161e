namespace Dev.Host;

/// <summary>What the user asked <c>./run</c> for.</summary>
internal sealed record RunOptions
{
    /// <summary>Address of a Redis, or a StackExchange.Redis connection string; null for the embedded store.</summary>
    public string? Redis { get; init; }

    /// <summary>The domain served, in lower case; also the digest realm.</summary>
    public required string Domain { get; init; }

    /// <summary>A CSV file of accounts to import; null for none.</summary>
    public string? AccountsFile { get; init; }

    /// <summary>Absolute path of a file of limits, which may be edited while everything runs; null for the defaults.</summary>
    public string? LimitsFile { get; init; }

    /// <summary>Absolute path of the data folder.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Port of the first edge; further edges take the next ones.</summary>
    public int SipPort { get; init; }

    /// <summary>Port of the public API.</summary>
    public int ApiPort { get; init; }

    /// <summary>Port of the admin API.</summary>
    public int AdminPort { get; init; }

    /// <summary>Port of the edge link.</summary>
    public int LinkPort { get; init; }

    /// <summary>Port of the core's metrics and health; the edges take the next ones.</summary>
    public int MetricsPort { get; init; }

    /// <summary>How many edges.</summary>
    public int Edges { get; init; }

    /// <summary>Whether the two demo accounts are made.</summary>
    public bool Demo { get; init; }

    /// <summary>Whether a Redis that may lose messages is accepted.</summary>
    public bool AllowVolatileRedis { get; init; }

    /// <summary>The core's assembly, <c>Api.Grpc.dll</c>.</summary>
    public required string CoreAssembly { get; init; }

    /// <summary>The edge's native binary.</summary>
    public required string EdgeBinary { get; init; }

    /// <summary>SIP port of an edge, counted from 0.</summary>
    public int SipPortOf(int edge) => SipPort + edge;

    /// <summary>Metrics port of an edge, counted from 0.</summary>
    public int MetricsPortOf(int edge) => MetricsPort + 1 + edge;

    /// <summary>Name of an edge, counted from 0: also the common name of its link certificate.</summary>
    public static string EdgeName(int edge) => $"edge-{edge + 1}";

    /// <summary>A path inside the data folder.</summary>
    public string In(params ReadOnlySpan<string> parts) => Path.Combine([DataFolder, .. parts]);
}
