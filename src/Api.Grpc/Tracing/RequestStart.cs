using System.Diagnostics;

namespace Api.Grpc.Tracing;

/// <summary>When the request under way came in. Its trace is known once its body is read: the span of its message begins here all the same, and ends with its answer.</summary>
internal sealed class RequestStart(RequestDelegate next)
{
    /// <summary>One request for all that an edge ever says: there each message begins by itself.</summary>
    private static readonly PathString Link = "/" + Edge.Link.V1.LinkService.Descriptor.FullName;

    private static readonly AsyncLocal<Started?> Current = new();

    public static Started? Now => Current.Value;

    public Task InvokeAsync(HttpContext context) => context.Request.Path.StartsWithSegments(Link) ? next(context) : TraceAsync(context);

    private async Task TraceAsync(HttpContext context)
    {
        Started started = new();
        Current.Value = started;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            started.Message?.Dispose();
        }
    }

    internal sealed class Started
    {
        public DateTimeOffset Time { get; } = DateTimeOffset.UtcNow;

        /// <summary>The span of the message that it hands over.</summary>
        public Activity? Message { get; set; }
    }
}
