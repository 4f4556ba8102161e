using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Edge.Sip.CoreLink.Carriers;
using Edge.Sip.Diagnostics;
using Edge.Sip.Transport;

namespace Edge.Sip.CoreLink;

/// <summary>What the edge shows to cores and whom it believes: its link certificate and the link's authorities, read again before each link is made.</summary>
/// <remarks>Links that are up stay so: a renewed certificate, or another authority, counts from the next one on. Files that cannot be used change nothing.</remarks>
internal sealed class LinkIdentity
{
    private const long TryAgainMs = 5_000;

    private readonly CoreOptions _options;
    private readonly EdgeClock _clock;
    private readonly EdgeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly bool _native;
    private readonly Lock _gate = new();
    private byte[] _seen;
    private long _triedMs;
    private bool _refused;
    private Files _files;

    /// <param name="native">Whether OpenSSL has to take the files too, for <see cref="Tls"/>.</param>
    /// <exception cref="CryptographicException">A file cannot be used.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public LinkIdentity(CoreOptions options, EdgeClock clock, EdgeMetrics metrics, ILogger logger, bool native)
    {
        (_options, _clock, _metrics, _logger, _native) = (options, clock, metrics, logger, native);
        _seen = Hash();
        _files = Load(1);
        metrics.ObserveLinkCertificate(() => Volatile.Read(ref _files).NotAfter.ToUnixTimeSeconds());
    }

    /// <summary>Looks at the files.</summary>
    /// <returns>Rises when they have changed to others that can be used.</returns>
    public int Refresh()
    {
        lock (_gate)
        {
            byte[] found = Hash();
            bool same = found.AsSpan().SequenceEqual(_seen);
            if (same && (!_refused || _clock.NowMs - _triedMs < TryAgainMs)) return _files.Version;   // what was refused may be good by now: not valid yet, too many open files
            bool told = same && _refused;
            (_seen, _triedMs, _refused) = (found, _clock.NowMs, true);
            try
            {
                Volatile.Write(ref _files, Load(_files.Version + 1));
                _refused = false;
                _metrics.LinkCertificateRead(taken: true);
                EdgeLog.LinkCertificateTaken(_logger, _files.Own.SerialNumber, _files.NotAfter);
            }
            catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                if (told) return _files.Version;
                _metrics.LinkCertificateRead(taken: false);
                EdgeLog.LinkCertificateRefused(_logger, fault.Message);
            }

            return _files.Version;
        }
    }

    /// <summary>For the next link, where OpenSSL is called directly. It goes with the last link made from it.</summary>
    public LinkTls Tls => Volatile.Read(ref _files).Tls!;

    /// <summary>For the next channel.</summary>
    public SocketsHttpHandler CreateHandler()
    {
        Files files = Volatile.Read(ref _files);
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(files.Authorities);
        return new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificateContext = SslStreamCertificateContext.Create(files.Own.Leaf, files.Authorities, offline: true),
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = static (_, certificate, _, faults) =>
                {
                    if (faults != SslPolicyErrors.None) return false;
                    return certificate is X509Certificate2 core && CoreRole.IsIn(core) ? true : throw new AuthenticationException(CoreRole.Refusal);
                },
            },
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(5),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            AutomaticDecompression = DecompressionMethods.None,
        };
    }

    private Files Load(int version)
    {
        ServerCertificate own = ServerCertificate.Load(_options.CertificateFile, _options.KeyFile, _clock.Time.GetUtcNow());
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(_options.CaFile);
        if (authorities.Count == 0) throw new CryptographicException($"{_options.CaFile} holds no certificate");
        return new Files(version, own, authorities, _native ? new LinkTls(own, authorities) : null);
    }

    private byte[] Hash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in (string[])[_options.CertificateFile, _options.KeyFile, _options.CaFile])
        {
            try
            {
                hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                hash.AppendData("none"u8);   // Load says why
            }
        }

        return hash.GetHashAndReset();
    }

    private sealed record Files(int Version, ServerCertificate Own, X509Certificate2Collection Authorities, LinkTls? Tls)
    {
        public DateTimeOffset NotAfter => Own.NotAfter;
    }
}
