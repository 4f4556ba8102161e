using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Core.Store;

namespace Api.Grpc.Hosting;

/// <summary>What a listener shows and asks for in handshakes. Its files can be replaced while it serves: connections keep what they were made with.</summary>
/// <param name="certificateFile">PEM, the server's own first.</param>
/// <param name="keyFile">Its private key, PEM.</param>
/// <param name="authoritiesFile">PEM, who signs clients' certificates; null if clients show none.</param>
/// <param name="suites">What is offered.</param>
internal sealed class ListenerTls(string certificateFile, string keyFile, string? authoritiesFile, IReadOnlyList<TlsCipherSuite> suites)
{
    private volatile SslServerAuthenticationOptions? _current;

    /// <summary>When the certificate in use ends.</summary>
    public DateTimeOffset NotAfter => Current.ServerCertificateContext!.TargetCertificate.NotAfter.ToUniversalTime();

    /// <summary>What <see cref="Version"/> was just before the files in use were read: what is written meanwhile is another one.</summary>
    public FilesVersion? LoadedVersion { get; private set; }

    /// <summary>Of all files: another one when any of them has changed.</summary>
    public FilesVersion Version =>
        new(FileVersion.Of(certificateFile), FileVersion.Of(keyFile), authoritiesFile is null ? default : FileVersion.Of(authoritiesFile));

    /// <summary>For the handshakes that begin now.</summary>
    /// <exception cref="InvalidOperationException"><see cref="TryLoad"/> has never succeeded.</exception>
    public SslServerAuthenticationOptions Current => _current ?? throw new InvalidOperationException("not loaded");

    /// <summary>Reads the files and uses them from now on, if they are sound.</summary>
    /// <param name="serialNumber">Of the certificate now in use.</param>
    /// <returns>False with what is wrong: what was in use stays so.</returns>
    public bool TryLoad(out string serialNumber, out string fault)
    {
        serialNumber = string.Empty;
        X509Certificate2Collection? authorities = null;
        FilesVersion version = Version;
        if (authoritiesFile is not null && !PemFiles.TryLoadAuthorities(authoritiesFile, out authorities, out fault)) return false;
        if (!PemFiles.TryLoadCertificate(certificateFile, keyFile, out ServerCertificate? server, out fault)) return false;
        serialNumber = server.Certificate.SerialNumber;
        _current = new SslServerAuthenticationOptions   // the one before goes with its last connection: handshakes may be under way with it
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(server.Certificate, server.Intermediates, offline: true),
            EnabledSslProtocols = CipherSuites.Versions(suites),
            CipherSuitesPolicy = CipherSuites.Policy(suites),
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateRequired = authorities is not null,
            RemoteCertificateValidationCallback = authorities is null ? null : (_, certificate, _, _) => certificate is X509Certificate2 client && LinkAuthorities.HaveSigned(authorities, client),
        };
        LoadedVersion = version;
        return true;
    }
}

/// <summary>By what a listener's files are known to have changed.</summary>
internal readonly record struct FilesVersion(FileVersion Certificate, FileVersion Key, FileVersion Authorities);
