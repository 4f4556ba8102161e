using System.Security.Cryptography;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.Transport;

/// <summary>Looks whether the certificate's files have changed, and has new connections shown the new one: nobody is cut off, nothing is restarted.</summary>
/// <remarks>What the files hold is compared, not their times: a mounted secret changes by a link. A pair is tried when two looks have seen the same, since key and
/// certificate are seldom written at once; one that cannot be used is told once, and the old one stays in use.</remarks>
internal sealed class CertificateWatch(SipOptions options, ITransport transport, EdgeClock clock, EdgeMetrics metrics, ILogger<CertificateWatch> logger) : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private ITimer? _timer;
    private byte[] _tried = [];
    private byte[] _seen = [];
    private int _looking;
    private long _notAfter;

    /// <summary>Once the transport has the first one.</summary>
    public void Start()
    {
        _tried = _seen = Hash();
        using (ServerCertificate first = Load()) Volatile.Write(ref _notAfter, first.NotAfter.ToUnixTimeSeconds());
        metrics.ObserveCertificate(() => Volatile.Read(ref _notAfter));
        _timer = clock.Time.CreateTimer(static watch => ((CertificateWatch)watch!).Look(), this, Every, Every);
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0) return;   // the last look is still under way: a slow disk
        byte[] found = Hash();
        bool isNew = !found.AsSpan().SequenceEqual(_tried) && found.AsSpan().SequenceEqual(_seen);
        _seen = found;
        if (isNew)
        {
            _tried = found;
            Try();
        }

        Volatile.Write(ref _looking, 0);
    }

    private void Try()
    {
        try
        {
            ServerCertificate fresh = Load();
            (string serial, DateTimeOffset notAfter) = (fresh.SerialNumber, fresh.NotAfter);
            transport.Use(fresh);
            Volatile.Write(ref _notAfter, notAfter.ToUnixTimeSeconds());
            metrics.CertificateRead(taken: true);
            EdgeLog.CertificateTaken(logger, serial, notAfter);
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            metrics.CertificateRead(taken: false);
            EdgeLog.CertificateRefused(logger, fault.Message);
        }
    }

    private ServerCertificate Load() => ServerCertificate.Load(options.CertificateFile, options.KeyFile, clock.Time.GetUtcNow());

    /// <summary>Of both files; of nothing if one cannot be read.</summary>
    private byte[] Hash()
    {
        try
        {
            return SHA256.HashData([.. SHA256.HashData(File.ReadAllBytes(options.CertificateFile)), .. SHA256.HashData(File.ReadAllBytes(options.KeyFile))]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
