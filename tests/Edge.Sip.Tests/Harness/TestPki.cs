using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Sip.Tests.Harness;

/// <summary>Certificates for one test: a CA for SIP and one for the link, as PEM files in a folder of its own.</summary>
internal sealed class TestPki : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edge-tests-");
    private readonly X509Certificate2 _sipAuthority = Authority("sip");
    private readonly X509Certificate2 _linkAuthority = Authority("link");

    public TestPki()
    {
        SipCa = X509CertificateLoader.LoadCertificate(_sipAuthority.RawData);
        IssueSip();
        LinkCa = X509CertificateLoader.LoadCertificate(_linkAuthority.RawData);
        File.WriteAllText(PathOf("link-ca.pem"), LinkCa.ExportCertificatePem());
        IssueEdge();
        IssueCore();
        Issue(Authority("other"), "edge-1", "stranger");
    }

    public X509Certificate2 SipCa { get; }

    public X509Certificate2 LinkCa { get; }

    public string Folder => _folder.FullName + Path.DirectorySeparatorChar;

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public X509Certificate2 Load(string name)
    {
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(PathOf($"{name}.pem"), PathOf($"{name}.key"));
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Replaces the certificate and key that the edge shows to clients.</summary>
    /// <param name="expired">It ended an hour ago.</param>
    /// <param name="begins">When it begins; two hours ago without.</param>
    public void IssueSip(bool expired = false, DateTimeOffset? begins = null) => Issue(_sipAuthority, "example.test", "sip", expired, begins);

    /// <summary>Replaces the certificate and key that the edge shows to cores.</summary>
    /// <param name="expired">It ended an hour ago.</param>
    public void IssueEdge(bool expired = false) => Issue(_linkAuthority, "edge-1", "edge", expired);

    /// <summary>Replaces the certificate that cores show to edges.</summary>
    /// <param name="expired">It ended an hour ago.</param>
    /// <param name="elsewhere">Of a host by another name than the edge calls.</param>
    /// <param name="ofStrangers">Of another authority.</param>
    /// <param name="role">The unit it names.</param>
    public void IssueCore(bool expired = false, bool elsewhere = false, bool ofStrangers = false, string role = "core") =>
        Issue(ofStrangers ? Authority("other") : _linkAuthority, $"core-1, OU={role}", "core", expired, elsewhere: elsewhere);

    /// <summary>Replaces the certificate that the edge shows to cores by one with a key that is too weak for OpenSSL.</summary>
    public void IssueWeakEdge()
    {
#pragma warning disable CA5385 // the weak key is what the test is about
        using RSA key = RSA.Create(512);
#pragma warning restore CA5385
        CertificateRequest request = new("CN=edge-1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using ECDsa signing = _linkAuthority.GetECDsaPrivateKey()!;
        using X509Certificate2 certificate = request.Create(
            _linkAuthority.SubjectName, X509SignatureGenerator.CreateForECDsa(signing), DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(PathOf("edge.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf("edge.key"), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static X509Certificate2 Authority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name} test CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private void Issue(X509Certificate2 authority, string name, string file, bool expired = false, DateTimeOffset? begins = null, bool elsewhere = false)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name.Split(',')[0]);
        if (!elsewhere)
        {
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(authority, begins ?? DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(expired ? -1 : 12), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(PathOf($"{file}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf($"{file}.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
