using System.Diagnostics;

namespace Api.Grpc.Tracing;

/// <summary>When the request under way came in. Its trace is known once its body is read: the span of its message begins here all the same, and ends with its answer.</summary>
internal sealed class RequestStart(RequestDelegate next)
{
    private static readonly AsyncLocal<Started?> Current = new();

    public static Started? Now => Current.Value;

    public async Task InvokeAsync(HttpContext context)
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
