using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Api.Grpc.Tests.Support;

/// <summary>Certificates made for one run, in a folder of its own: a server's, the link's authority, and edges' under it.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly ECDsa _linkKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private X509Certificate2 _linkAuthority;

    public TestCertificates()
    {
        Folder = Directory.CreateTempSubdirectory("edge-core-").FullName;
        IssueServer();
        File.WriteAllText(In("token"), Token + "\n");
        _linkAuthority = IssueLinkAuthority();
    }

    public static string Token { get; } = "a-token-for-tests-0123456789";

    public string Folder { get; }

    public string In(string file) => Path.Combine(Folder, file);

    /// <summary>Makes the server's certificate and key, or others in their place.</summary>
    /// <param name="expired">It ended an hour ago.</param>
    public void IssueServer(bool expired = false)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest server = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        server.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = server.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), expired ? DateTimeOffset.UtcNow.AddHours(-1) : DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(In("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(In("key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Puts another link authority in the first one's place.</summary>
    public void ReplaceLinkAuthority()
    {
        _linkAuthority.Dispose();
        _linkAuthority = IssueLinkAuthority();
    }

    /// <summary>A client certificate of the link's authority.</summary>
    /// <param name="subject">For example <c>CN=edge-1, OU=edge</c>.</param>
    public X509Certificate2 Client(string subject) => Sign(subject, _linkAuthority);

    /// <summary>A client certificate that signs itself.</summary>
    public static X509Certificate2 Stranger(string subject) => Sign(subject, authority: null);

    public void Dispose()
    {
        _linkAuthority.Dispose();
        _linkKey.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private X509Certificate2 IssueLinkAuthority()
    {
        CertificateRequest authority = new($"CN=link authority {Guid.NewGuid():N}", _linkKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        X509Certificate2 made = authority.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(In("link-ca.pem"), made.ExportCertificatePem());
        return made;
    }

    private static X509Certificate2 Sign(string subject, X509Certificate2? authority)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        (DateTimeOffset from, DateTimeOffset to) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        if (authority is null) return request.CreateSelfSigned(from, to);
        using X509Certificate2 signed = request.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
