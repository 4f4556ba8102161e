using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Api.Grpc.Hosting;
using Core.Store;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Grpc.Tests.Support;

/// <summary>The whole core process, in this one, on free ports with real TLS.</summary>
public sealed class TestCore : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _serverCertificate;

    private TestCore(WebApplication app, TestCertificates certificates)
    {
        (_app, Certificates) = (app, certificates);
        string[] addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        (Api, Admin, Link, Metrics) = (new Uri(addresses[0]), new Uri(addresses[1]), new Uri(addresses[2]), new Uri(addresses[3]));
        _serverCertificate = X509CertificateLoader.LoadCertificateFromFile(certificates.In("cert.pem"));
    }

    public TestCertificates Certificates { get; }

    public Uri Api { get; }

    public Uri Admin { get; }

    public Uri Link { get; }

    public Uri Metrics { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts one on a Redis.</summary>
    /// <param name="redis">Host and port.</param>
    /// <param name="certificates">Kept by the caller.</param>
    /// <param name="addServices">Before the store's: what is added here wins over it.</param>
    /// <param name="settings">Further settings, <c>Section:Name=value</c>.</param>
    public static async Task<TestCore> StartAsync(string redis, TestCertificates certificates, Action<IServiceCollection>? addServices = null, params string[] settings)
    {
        string[] arguments =
        [
            "--Api:Address=127.0.0.1", "--Api:Port=0", $"--Api:CertificateFile={certificates.In("cert.pem")}", $"--Api:KeyFile={certificates.In("key.pem")}",
            "--Admin:Port=0", $"--Admin:TokenFile={certificates.In("token")}",
            "--Link:Port=0", $"--Link:CertificateFile={certificates.In("cert.pem")}", $"--Link:KeyFile={certificates.In("key.pem")}", $"--Link:ClientCaFile={certificates.In("link-ca.pem")}",
            "--Metrics:Port=0",
            $"--CoreStore:Redis={redis}", $"--CoreStore:KeyRingFile={certificates.In("ring.json")}", "--CoreStore:CreateKeyRing=true", "--CoreStore:Domain=example.test", "--CoreStore:CoreId=core-1",
            "--Logging:LogLevel:Default=Critical",
            .. settings.Select(setting => $"--{setting}"),
        ];
        WebApplication app = CoreHost.Build(arguments, services =>
        {
            addServices?.Invoke(services);
            services.AddCoreStore();
        });
        try
        {
            await app.StartAsync();
            return new TestCore(app, certificates);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that trusts this core's certificate and no other.</summary>
    public HttpClient Client(Uri address, AuthenticationHeaderValue? authorization = null)
    {
        HttpClient client = new(Handler()) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(20) };
        client.DefaultRequestHeaders.Authorization = authorization;
        return client;
    }

    /// <summary>gRPC calls with an authorization in their metadata.</summary>
    public GrpcCalls Calls(Uri address, AuthenticationHeaderValue? authorization = null) =>
        new(GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = Handler(), DisposeHttpClient = true }), authorization?.ToString());

    /// <summary>A channel to the link.</summary>
    /// <param name="certificate">Null shows none.</param>
    /// <param name="address">Another door, where there is no link.</param>
    public GrpcChannel LinkChannel(X509Certificate2? certificate, Uri? address = null) =>
        GrpcChannel.ForAddress(address ?? Link, new GrpcChannelOptions { HttpHandler = Handler(certificate), DisposeHttpClient = true });

    public static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public static AuthenticationHeaderValue Bearer() => new("Bearer", TestCertificates.Token);

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _serverCertificate.Dispose();
    }

    private SocketsHttpHandler Handler(X509Certificate2? certificate = null)
    {
        SslClientAuthenticationOptions tls = new()
        {
            RemoteCertificateValidationCallback = (_, theirs, _, _) => theirs is not null && theirs.GetRawCertData().AsSpan().SequenceEqual(_serverCertificate.RawDataMemory.Span),
        };
        if (certificate is not null) tls.ClientCertificates = [certificate];
        return new SocketsHttpHandler { SslOptions = tls };
    }
}
