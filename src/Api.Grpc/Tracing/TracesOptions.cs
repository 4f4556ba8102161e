namespace Api.Grpc.Tracing;

/// <summary>Where traces of messages go, section <c>Traces</c>. Without an endpoint none are made, and messages do not pass a line of code for them.</summary>
internal sealed record TracesOptions
{
    public const string Section = "Traces";

    /// <summary>An OTLP receiver, for example <c>http://localhost:4317</c>; empty: no traces. Default empty.</summary>
    public string Endpoint { get; set; } = string.Empty;

    /// <summary>How it is spoken to: Grpc, or HttpProtobuf with the whole path in the endpoint (<c>http://localhost:4318/v1/traces</c>). Default Grpc.</summary>
    public OpenTelemetry.Exporter.OtlpExportProtocol Protocol { get; set; } = OpenTelemetry.Exporter.OtlpExportProtocol.Grpc;

    /// <summary>Which part of all messages is traced, 0 to 1; every core picks the same ones. Default 0.01.</summary>
    public double Ratio { get; set; } = 0.01;

    public bool IsOn => Endpoint.Length > 0;
}
