using Api.Grpc.Hosting;

namespace Api.Grpc.Translation;

/// <summary>Tells the ways in apart.</summary>
internal static class Ways
{
    /// <summary>gRPC requests say so in their content type, over HTTP/2.</summary>
    public static bool IsGrpc(HttpContext context) =>
        context.Request.ContentType is { } type && type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase)
        && HttpProtocol.IsHttp2(context.Request.Protocol);

    public static WayIn Of(HttpContext context) =>
        ListenerFeature.Of(context) == Listener.Admin ? WayIn.Admin : IsGrpc(context) ? WayIn.Grpc : WayIn.Post;

    /// <summary>The value of the metrics' tag.</summary>
    public static string Tag(WayIn way) => way switch
    {
        WayIn.Post => "post",
        WayIn.Grpc => "grpc",
        WayIn.Sip => "sip",
        WayIn.Admin => "admin",
        _ => throw new ArgumentOutOfRangeException(nameof(way)),
    };
}
