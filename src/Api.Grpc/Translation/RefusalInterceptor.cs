using Api.Grpc.Diagnostics;
using Core.Store;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Api.Grpc.Translation;

/// <summary>Turns what a service throws into the error table's answer; JSON transcoding and gRPC, unary and streams, all pass here.</summary>
internal sealed class RefusalInterceptor(RefusalHeaders headers, CoreMetrics metrics, ILogger<RefusalInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context).ConfigureAwait(false);
        }
        catch (Exception e) when (Refusal(context, e) is { } refused)
        {
            throw Answer(context, refused);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context).ConfigureAwait(false);
        }
        catch (Exception e) when (Refusal(context, e) is { } refused)
        {
            throw Answer(context, refused);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context).ConfigureAwait(false);
        }
        catch (Exception e) when (Refusal(context, e) is { } refused)
        {
            throw Answer(context, refused);
        }
    }

    /// <returns>Null for what is an answer already, and for a call that was given up.</returns>
    private Refused? Refusal(ServerCallContext context, Exception thrown)
    {
        switch (thrown)
        {
            case RefusedException e:
                return e.Refused;
            case StoreUnavailableException:
                return Refused.Store;   // the store has logged it
            case RpcException or OperationCanceledException:
            case IOException when context.CancellationToken.IsCancellationRequested:
                return null;
            default:
                CoreLog.MethodFailed(logger, context.Method, thrown);
                return Refused.Fault;
        }
    }

    private RpcException Answer(ServerCallContext context, Refused refused)
    {
        HttpContext http = context.GetHttpContext();
        metrics.Refused(Ways.Of(http), refused.Reason);
        if (!Ways.IsGrpc(http)) headers.Set(http, refused);
        return StatusMapping.ToStatus(refused).ToRpcException();
    }
}
