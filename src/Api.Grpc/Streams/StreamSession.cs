using System.Net;
using System.Security.Authentication;
using Core.Store.Operators;
using Microsoft.AspNetCore.Connections.Features;

namespace Api.Grpc.Streams;

/// <summary>Who opened a receiving stream, for the operators' session log.</summary>
internal static class StreamSession
{
    /// <param name="context">Of the stream.</param>
    /// <param name="now">When it was opened: one connection carries many streams.</param>
    public static ClientSession Of(HttpContext context, DateTimeOffset now)
    {
        ITlsHandshakeFeature? tls = context.Features.Get<ITlsHandshakeFeature>();
        IPAddress address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        string agent = context.Request.Headers.UserAgent.ToString();
        return new ClientSession(
            new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, context.Connection.RemotePort).ToString(),
            string.Concat(agent.Select(static c => c is >= ' ' and <= '~' ? c : '?')),
            tls?.Protocol switch { SslProtocols.Tls13 => "TLSv1.3", SslProtocols.Tls12 => "TLSv1.2", _ => string.Empty },
            tls?.NegotiatedCipherSuite?.ToString() ?? string.Empty,
            now);
    }
}
