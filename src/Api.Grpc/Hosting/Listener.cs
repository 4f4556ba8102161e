namespace Api.Grpc.Hosting;

/// <summary>The doors of the core; each has its own port and its own authentication.</summary>
internal enum Listener
{
    /// <summary>The client API: HTTP Basic.</summary>
    Api,

    /// <summary>The operators' API: bearer token.</summary>
    Admin,

    /// <summary>Edges: mutual TLS.</summary>
    Link,

    /// <summary>Metrics and probes: none, on loopback.</summary>
    Metrics,
}
