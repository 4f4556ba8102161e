using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Sip.Transport;

/// <summary>What the edge shows to clients: its certificate with the private key, and the issuers between it and the root.</summary>
internal sealed class ServerCertificate : IDisposable
{
    private ServerCertificate(X509Certificate2 leaf, X509Certificate2Collection issuers) => (Leaf, Issuers) = (leaf, issuers);

    public X509Certificate2 Leaf { get; }

    public X509Certificate2Collection Issuers { get; }

    public string SerialNumber => Leaf.SerialNumber;

    public DateTimeOffset NotAfter => Leaf.NotAfter.ToUniversalTime();

    /// <summary>Reads both files.</summary>
    /// <exception cref="CryptographicException">One is no PEM, the key is not the certificate's, or clients would refuse it now: it has ended, or not begun.</exception>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static ServerCertificate Load(string certificateFile, string keyFile, DateTimeOffset now)
    {
        X509Certificate2 leaf = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        if (leaf.NotAfter.ToUniversalTime() < now || leaf.NotBefore.ToUniversalTime() > now)
        {
            string valid = string.Create(CultureInfo.InvariantCulture, $"valid from {leaf.NotBefore.ToUniversalTime():u} to {leaf.NotAfter.ToUniversalTime():u}");
            leaf.Dispose();
            throw new CryptographicException($"the certificate in {certificateFile} is {valid}: renew it, or set the clock right");
        }

        X509Certificate2Collection issuers = [];
        issuers.ImportFromPemFile(certificateFile);
        issuers[0].Dispose();   // the leaf again, without its key
        issuers.RemoveAt(0);
        return new ServerCertificate(leaf, issuers);
    }

    /// <summary>The private key as OpenSSL's own object (Linux).</summary>
    /// <exception cref="CryptographicException">It is neither EC nor RSA.</exception>
    public SafeEvpPKeyHandle DuplicateKey()
    {
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)Leaf.GetECDsaPrivateKey() ?? Leaf.GetRSAPrivateKey();
        return key switch
        {
            ECDsaOpenSsl ec => ec.DuplicateKeyHandle(),
            RSAOpenSsl rsa => rsa.DuplicateKeyHandle(),
            _ => throw new CryptographicException("the private key must be an EC or RSA key"),
        };
    }

    public void Dispose()
    {
        Leaf.Dispose();
        foreach (X509Certificate2 issuer in Issuers) issuer.Dispose();
    }
}
