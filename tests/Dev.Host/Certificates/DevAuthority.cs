using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dev.Host.Certificates;

/// <summary>A development certificate authority in a folder: kept across starts, so that clients which trust it go on doing so.</summary>
/// <remarks>ECDSA P-256 throughout. For development only: its key lies beside the keys it signs.</remarks>
internal sealed class DevAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Clients refuse longer ones: 397 days is the least of their limits.</summary>
    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(397);
    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);

    /// <summary>Certificates begin a little in the past, for clients whose clock lags.</summary>
    private static readonly TimeSpan Backdate = TimeSpan.FromHours(1);

    private readonly string _folder;
    private readonly X509Certificate2 _certificate;

    private DevAuthority(string folder, X509Certificate2 certificate) => (_folder, _certificate) = (folder, certificate);

    /// <summary>The authority's own certificate, for clients to trust.</summary>
    public string CertificateFile => Path.Combine(_folder, "ca.pem");

    /// <summary>Reads the folder's authority, or makes one.</summary>
    /// <param name="folder">Where <c>ca.pem</c> and <c>ca-key.pem</c> lie.</param>
    /// <param name="name">Its common name, for a new one.</param>
    public static DevAuthority Open(string folder, string name)
    {
        Directory.CreateDirectory(folder);
        string certificateFile = Path.Combine(folder, "ca.pem");
        string keyFile = Path.Combine(folder, "ca-key.pem");
        if (CertificateFiles.TryRead(certificateFile, keyFile) is { } found)
        {
            return new DevAuthority(folder, found);
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        X509Certificate2 made = request.CreateSelfSigned(now - Backdate, now + AuthorityLifetime);
        CertificateFiles.Write(made, key, certificateFile, keyFile);
        return new DevAuthority(folder, made);
    }

    /// <summary>Makes sure that a certificate signed by this authority is there for these names; keeps a fitting one.</summary>
    /// <param name="certificateName">File name of the certificate, in the authority's folder.</param>
    /// <param name="keyName">File name of its private key.</param>
    /// <param name="commonName">Common name of the subject.</param>
    /// <param name="unit">Organisational unit of the subject: the role on the edge link; null for none.</param>
    /// <param name="hosts">DNS names it is for; 127.0.0.1 is always added.</param>
    /// <returns>Whether a new one was made.</returns>
    public bool EnsureCertificate(string certificateName, string keyName, string commonName, string? unit, IReadOnlyList<string> hosts)
    {
        string certificateFile = Path.Combine(_folder, certificateName);
        string keyFile = Path.Combine(_folder, keyName);
        using X509Certificate2? found = CertificateFiles.TryRead(certificateFile, keyFile);
        string subject = unit is null ? $"CN={commonName}" : $"CN={commonName}, OU={unit}";
        if (found is not null && Fits(found, subject, hosts))
        {
            return false;
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        foreach (string host in hosts.Distinct(StringComparer.Ordinal))
        {
            names.AddDnsName(host);
        }

        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));

        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7F;   // a serial number is positive: RFC 5280 §4.1.2.2
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 made = request.Create(_certificate, now - Backdate, now + LeafLifetime, serial);
        CertificateFiles.Write(made, key, certificateFile, keyFile);
        return true;
    }

    public void Dispose() => _certificate.Dispose();

    private bool Fits(X509Certificate2 found, string subject, IReadOnlyList<string> hosts)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return found.SubjectName.Name == new X500DistinguishedName(subject).Name
            && hosts.All(host => found.MatchesHostname(host, allowCommonName: false))
            && chain.Build(found);
    }
}
