using System.Net;
using Api.Grpc.Options;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Hosting;

/// <summary>Opens the four doors, each with its own address, port, protocols and TLS. No clear-text listener serves a client (spec S7).</summary>
internal sealed class CoreListeners(
    IStartupValidator settings, IServiceProvider services, IOptions<ApiOptions> api, IOptions<AdminOptions> admin, IOptions<EdgeLinkOptions> link, IOptions<MetricsOptions> metrics) : IConfigureOptions<KestrelServerOptions>
{
    /// <summary>The largest body that any method takes; each has its own, smaller limit in front.</summary>
    private const int MostBodyBytes = 4 * 1_048_576 + 1_024;

    /// <summary>A client that takes longer to say what it wants holds a connection for nothing.</summary>
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A stream's client that says nothing for so long is asked whether it is there (HTTP/2 PING): its half of a dead connection would never end.</summary>
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PingAnswer = TimeSpan.FromSeconds(15);

    public void Configure(KestrelServerOptions kestrel)
    {
        settings.Validate();   // all sections at once, before the first one is asked for: one restart mends a bad file
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MostBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        kestrel.Limits.Http2.KeepAlivePingDelay = PingAfter;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingAnswer;

        CoreTls tls = services.GetRequiredService<CoreTls>();   // not before the settings are checked
        ConnectionGate gate = services.GetRequiredService<ConnectionGate>();
        Listen(kestrel, Listener.Api, api.Value.Address, api.Value.Port, HttpProtocols.Http1AndHttp2, tls.Api, gate);
        Listen(kestrel, Listener.Admin, admin.Value.Address, admin.Value.Port, HttpProtocols.Http1AndHttp2, tls.Api, gate);
        string address = link.Value.Address.Length > 0 ? link.Value.Address : api.Value.Address;
        Listen(kestrel, Listener.Link, address, link.Value.Port, HttpProtocols.Http2, tls.Link);

        Listen(kestrel, Listener.Metrics, metrics.Value.Address, metrics.Value.Port, HttpProtocols.Http1, tls: null);
    }

    private static void Listen(KestrelServerOptions kestrel, Listener listener, string address, int port, HttpProtocols protocols, ListenerTls? tls, ConnectionGate? gate = null) =>
        kestrel.Listen(IPAddress.Parse(address), port, door =>
        {
            ListenerFeature feature = new(listener);
            door.Protocols = protocols;
            door.Use(next => connection =>
            {
                connection.Features.Set(feature);
                return gate is null ? next(connection) : gate.ServeAsync(listener, connection, next);
            });
            if (tls is not null) door.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls.Current) });
        });
}
