using Api.Grpc.Authentication;
using Api.Grpc.Translation;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;

namespace Api.Grpc.Rates;

/// <summary>Refuses a sender's messages unread while all of them would be refused: a flood costs its TLS and its credentials, and nobody else's time.</summary>
/// <remarks>Stands behind the credentials and before the body. What it lets pass is judged by <see cref="SendRates.Take"/>.</remarks>
internal sealed class FloodGate(RequestDelegate next, SendRates rates, RefusalWriter refusals)
{
    private const string Send = nameof(Edge.Messages.V1.MessagesService.MessagesServiceBase.SendMessage);

    public async Task InvokeAsync(HttpContext context)
    {
        if (IsSend(context.GetEndpoint()?.Metadata) && rates.Flooding(CallerFeature.Of(context).Account) is { } refused)
            await refusals.WriteAsync(context, refused).ConfigureAwait(false);
        else
            await next(context).ConfigureAwait(false);
    }

    private static bool IsSend(EndpointMetadataCollection? endpoint) =>
        (endpoint?.GetMetadata<GrpcJsonTranscodingMetadata>()?.MethodDescriptor.Name ?? endpoint?.GetMetadata<GrpcMethodMetadata>()?.Method.Name) == Send;
}
