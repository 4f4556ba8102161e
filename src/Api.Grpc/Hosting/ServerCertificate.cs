using System.Security.Cryptography.X509Certificates;

namespace Api.Grpc.Hosting;

/// <summary>A server's certificate with its key, and the intermediates it sends along.</summary>
internal sealed record ServerCertificate(X509Certificate2 Certificate, X509Certificate2Collection Intermediates) : IDisposable
{
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (X509Certificate2 intermediate in Intermediates) intermediate.Dispose();
    }
}
