using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Sip.Transport;

/// <summary>What the edge shows to clients: its certificate with the private key, and the issuers between it and the root.</summary>
internal sealed class ServerCertificate : IDisposable
{
    private ServerCertificate(X509Certificate2 leaf, X509Certificate2Collection issuers) => (Leaf, Issuers) = (leaf, issuers);

    public X509Certificate2 Leaf { get; }

    public X509Certificate2Collection Issuers { get; }

    /// <summary>Reads both files.</summary>
    /// <exception cref="CryptographicException">One is no PEM, or the key is not the certificate's.</exception>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static ServerCertificate Load(string certificateFile, string keyFile)
    {
        X509Certificate2 leaf = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
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
