using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Api.Grpc.Options;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Hosting;

/// <summary>Opens the four doors, each with its own address, port, protocols and TLS. No clear-text listener serves a client (spec S7).</summary>
internal sealed class CoreListeners(
    IStartupValidator settings, IOptions<ApiOptions> api, IOptions<AdminOptions> admin, IOptions<EdgeLinkOptions> link, IOptions<MetricsOptions> metrics) : IConfigureOptions<KestrelServerOptions>
{
    /// <summary>The largest body that any method takes; each has its own, smaller limit in front.</summary>
    private const int MostBodyBytes = 4 * 1_048_576 + 1_024;

    /// <summary>A client that takes longer to say what it wants holds a connection for nothing.</summary>
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A stream's client that says nothing for so long is asked whether it is there (HTTP/2 PING): its half of a dead connection would never end.</summary>
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PingAnswer = TimeSpan.FromSeconds(15);

    /// <summary>id-kp-clientAuth, RFC 5280 §4.2.1.12.</summary>
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    public void Configure(KestrelServerOptions kestrel)
    {
        settings.Validate();   // all sections at once, before the first one is asked for: one restart mends a bad file
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MostBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        kestrel.Limits.Http2.KeepAlivePingDelay = PingAfter;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingAnswer;

        ServerCertificate server = Load(api.Value.CertificateFile, api.Value.KeyFile);
        Listen(kestrel, Listener.Api, api.Value.Address, api.Value.Port, HttpProtocols.Http1AndHttp2, Tls(server));
        Listen(kestrel, Listener.Admin, admin.Value.Address, admin.Value.Port, HttpProtocols.Http1AndHttp2, Tls(server));

        HttpsConnectionAdapterOptions mutual = Tls(Load(link.Value.CertificateFile, link.Value.KeyFile));
        if (!PemFiles.TryLoadAuthorities(link.Value.ClientCaFile, out X509Certificate2Collection authorities, out string fault))
            throw new OptionsValidationException("Link:ClientCaFile", typeof(EdgeLinkOptions), [fault]);
        mutual.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        mutual.ClientCertificateValidation = (certificate, _, _) => IsSignedBy(authorities, certificate);
        string address = link.Value.Address.Length > 0 ? link.Value.Address : api.Value.Address;
        Listen(kestrel, Listener.Link, address, link.Value.Port, HttpProtocols.Http2, mutual);

        Listen(kestrel, Listener.Metrics, metrics.Value.Address, metrics.Value.Port, HttpProtocols.Http1, tls: null);
    }

    private static void Listen(KestrelServerOptions kestrel, Listener listener, string address, int port, HttpProtocols protocols, HttpsConnectionAdapterOptions? tls) =>
        kestrel.Listen(IPAddress.Parse(address), port, door =>
        {
            ListenerFeature feature = new(listener);
            door.Protocols = protocols;
            door.Use(next => connection =>
            {
                connection.Features.Set(feature);
                return next(connection);
            });
            if (tls is not null) door.UseHttps(tls);
        });

    private static HttpsConnectionAdapterOptions Tls(ServerCertificate server) => new()
    {
        ServerCertificate = server.Certificate,
        ServerCertificateChain = server.Intermediates,
        SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    /// <summary>Only the link's own authorities count, whatever the machine trusts otherwise.</summary>
    private static bool IsSignedBy(X509Certificate2Collection authorities, X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;   // an authority of its own: a lost edge is shut out by a new one
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        return chain.Build(certificate);
    }

    private static ServerCertificate Load(string certificateFile, string keyFile) =>
        PemFiles.TryLoadCertificate(certificateFile, keyFile, out ServerCertificate? certificate, out string fault)
            ? certificate
            : throw new OptionsValidationException(certificateFile, typeof(ApiOptions), [fault]);
}
