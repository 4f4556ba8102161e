using Api.Grpc.Translation;

namespace Api.Grpc.Hosting;

/// <summary>Stands right after routing: an endpoint answers only at the door it belongs to; at any other it does not exist.</summary>
internal sealed class ListenerGate(RequestDelegate next, RefusalWriter refusals)
{
    public async Task InvokeAsync(HttpContext context)
    {
        bool belongs = context.GetEndpoint()?.Metadata.GetMetadata<ListenerFeature>() is { } endpoint && endpoint.Listener == ListenerFeature.Of(context);
        if (belongs) await next(context).ConfigureAwait(false);
        else await refusals.WriteAsync(context, Refused.Route).ConfigureAwait(false);
    }
}
