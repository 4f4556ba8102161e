using Api.Grpc.Diagnostics;
using Core.Store;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Api.Grpc.Translation;

/// <summary>Turns what a service throws into the error table's answer; JSON transcoding and gRPC both pass here.</summary>
internal sealed class RefusalInterceptor(RefusalHeaders headers, CoreMetrics metrics, ILogger<RefusalInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context).ConfigureAwait(false);
        }
        catch (RefusedException e)
        {
            throw Answer(context, e.Refused);
        }
        catch (StoreUnavailableException)
        {
            throw Answer(context, Refused.Store);   // the store has logged and counted it
        }
        catch (Exception e) when (e is not (RpcException or OperationCanceledException))
        {
            CoreLog.MethodFailed(logger, context.Method, e);
            throw Answer(context, Refused.Fault);
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
