namespace Edge.Sip.Diagnostics;

/// <summary>The plain HTTP listener on loopback for /metrics, /livez and /readyz. Section <c>Metrics</c>.</summary>
internal sealed class MetricsOptions
{
    /// <summary>TCP port on 127.0.0.1. Default 9465: the first edge beside a core on 9464. 0: any free one.</summary>
    public int Port { get; set; } = 9_465;
}
