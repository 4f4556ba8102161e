using Api.Grpc.Diagnostics;
using Api.Grpc.Hosting;

namespace Api.Grpc.Translation;

/// <summary>Stands before everything: a fault of the server's own, wherever it is thrown, gets the error table's answer and a line in the log.</summary>
internal sealed class FaultBarrier(RequestDelegate next, RefusalWriter refusals, ILogger<FaultBarrier> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // whatever it is, the client is told that it was not its fault
        catch (Exception fault) when (!context.Response.HasStarted && fault is not OperationCanceledException and not BadHttpRequestException)
#pragma warning restore CA1031
        {
            CoreLog.MethodFailed(logger, context.Request.Method, fault);
            context.Response.Clear();
            SecurityHeaders.Set(context);
            await refusals.WriteAsync(context, Refused.Fault).ConfigureAwait(false);
        }
    }
}
