using Microsoft.AspNetCore.Http.Features;

namespace Api.Grpc.Hosting;

/// <summary>Says on every connection through which door it came. Neither the Host header nor a port number decides: a client chooses the one, and the other may be any.</summary>
internal sealed record ListenerFeature(Listener Listener)
{
    /// <summary>The door of a request.</summary>
    public static Listener Of(HttpContext context) =>
        context.Features.GetRequiredFeature<ListenerFeature>().Listener;
}
