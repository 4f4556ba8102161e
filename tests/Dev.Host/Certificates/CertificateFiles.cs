using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dev.Host.Certificates;

/// <summary>Reads and writes a certificate and its key as PEM files; the key has mode 0600.</summary>
internal static class CertificateFiles
{
    /// <summary>A file that is renewed this long before it ends.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>The certificate, or null if a file is missing, does not parse, does not fit its key or ends soon.</summary>
    public static X509Certificate2? TryRead(string certificateFile, string keyFile)
    {
        if (!File.Exists(certificateFile) || !File.Exists(keyFile))
        {
            return null;
        }

        try
        {
            X509Certificate2 found = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
            if (found.NotAfter.ToUniversalTime() - DateTime.UtcNow > RenewBefore)
            {
                return found;
            }

            found.Dispose();
            return null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Writes both files; a reader never sees half of one.</summary>
    public static void Write(X509Certificate2 certificate, ECDsa key, string certificateFile, string keyFile)
    {
        PrivateFile.WriteSecret(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        PrivateFile.WritePublic(certificateFile, certificate.ExportCertificatePem() + "\n");
    }
}
