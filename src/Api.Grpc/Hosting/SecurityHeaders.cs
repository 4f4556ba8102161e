namespace Api.Grpc.Hosting;

/// <summary>What a browser is told at the HTTPS doors: guess no types, and run nothing: no answer here is a page. gRPC clients are spared it.</summary>
/// <remarks>No HSTS (RFC 6797): there is no clear-text door to keep it from, and it would hold for every port of the host.</remarks>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        Set(context);
        return next(context);
    }

    /// <summary>Sets them; again after the response was cleared.</summary>
    public static void Set(HttpContext context)
    {
        if (ListenerFeature.Of(context) is not (Listener.Api or Listener.Admin) || context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true) return;
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
    }
}
