using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Api.Grpc.Hosting;

/// <summary>Reads certificates and keys from PEM files (RFC 7468), with faults an operator can act on.</summary>
internal static class PemFiles
{
    /// <summary>Reads a certificate, its key and its intermediates.</summary>
    /// <returns>False with what is wrong: missing, unreadable, not matching, or not valid just now.</returns>
    public static bool TryLoadCertificate(
        string certificateFile, string keyFile, [NotNullWhen(true)] out ServerCertificate? loaded, out string fault)
    {
        loaded = null;
        if (!Exists(certificateFile, "certificate", out fault) || !Exists(keyFile, "private key", out fault)) return false;
        try
        {
            X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
            X509Certificate2Collection intermediates = [];
            intermediates.ImportFromPemFile(certificateFile);
            if (intermediates.Count > 0)
            {
                intermediates[0].Dispose();
                intermediates.RemoveAt(0);   // the first is the server's own
            }

            DateTime from = certificate.NotBefore.ToUniversalTime(), to = certificate.NotAfter.ToUniversalTime();
            if (to < DateTime.UtcNow || from > DateTime.UtcNow)
            {
                fault = $"the certificate in {certificateFile} is valid from {from:u} to {to:u}: renew it, or set the clock right";
                certificate.Dispose();
                return false;
            }

            if (OperatingSystem.IsWindows()) certificate = WithStoredKey(certificate);
            loaded = new ServerCertificate(certificate, intermediates);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            fault = $"{certificateFile} and {keyFile} cannot be used: {e.Message}";
            return false;
        }
    }

    /// <summary>Reads authorities that are trusted for one purpose.</summary>
    public static bool TryLoadAuthorities(string file, out X509Certificate2Collection authorities, out string fault)
    {
        authorities = [];
        if (!Exists(file, "authority", out fault)) return false;
        try
        {
            authorities.ImportFromPemFile(file);
            if (authorities.Count > 0) return true;
            fault = $"{file} holds no certificate";
            return false;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            fault = $"{file} cannot be used: {e.Message}";
            return false;
        }
    }

    private static bool Exists(string file, string what, out string fault)
    {
        fault = string.IsNullOrWhiteSpace(file) ? $"the path of a PEM file with the {what} is required"
            : File.Exists(file) ? string.Empty : $"{file} does not exist or cannot be read";
        return fault.Length == 0;
    }

    /// <summary>Windows' TLS cannot use a key that lives in memory alone.</summary>
    private static X509Certificate2 WithStoredKey(X509Certificate2 certificate)
    {
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
    }
}
