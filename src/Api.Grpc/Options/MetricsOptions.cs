namespace Api.Grpc.Options;

/// <summary>The listener for metrics and probes, section <c>Metrics</c>: plain HTTP.</summary>
internal sealed record MetricsOptions
{
    /// <summary>IP address to listen on. Default loopback: nothing here is for the world.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>TCP port; 0 takes a free one (tests). Default 9464.</summary>
    public int Port { get; set; } = 9_464;
}
