using System.Security.Cryptography;
using Edge.Sip.Diagnostics;

namespace Edge.Sip.Transport;

/// <summary>Looks whether the certificate's files have changed, and has new connections shown the new one: nobody is cut off, nothing is restarted.</summary>
/// <remarks>What the files hold is compared, not their times: a mounted secret changes by a link. A pair is tried when two looks have seen the same, since key and
/// certificate are seldom written at once; one that cannot be used is told once, and the old one stays in use.</remarks>
internal sealed class CertificateWatch(SipOptions options, ITransport transport, EdgeClock clock, EdgeMetrics metrics, ILogger<CertificateWatch> logger) : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(5);

    private ITimer? _timer;
    private byte[] _used = [];      // what the certificate in use was read from; nothing at first: the transport has read it, and the files may have changed since
    private byte[] _refused = [];
    private string _fault = "";
    private DateTimeOffset _tryAgain;
    private byte[] _seen = [];
    private int _looking;
    private long _notAfter;

    /// <summary>Once the transport has the first one.</summary>
    public void Start()
    {
        _seen = Hash();
        Look();
        metrics.ObserveCertificate(() => Volatile.Read(ref _notAfter));
        _timer = clock.Time.CreateTimer(static watch => ((CertificateWatch)watch!).Look(), this, Every, Every);
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0) return;   // the last look is still under way: a slow disk
        byte[] found = Hash();
        bool isNew = !Same(found, _used) && Same(found, _seen) && (!Same(found, _refused) || clock.Time.GetUtcNow() >= _tryAgain);
        _seen = found;
        if (isNew) Try(found);
        Volatile.Write(ref _looking, 0);
    }

    private void Try(byte[] found)
    {
        try
        {
            ServerCertificate fresh = Load();
            (string serial, DateTimeOffset notAfter) = (fresh.SerialNumber, fresh.NotAfter);
            transport.Use(fresh);
            bool isFirst = _notAfter == 0;
            (_used, _refused, _fault) = (found, [], "");
            Volatile.Write(ref _notAfter, notAfter.ToUnixTimeSeconds());
            if (isFirst) return;
            metrics.CertificateRead(taken: true);
            EdgeLog.CertificateTaken(logger, serial, notAfter);
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Tried again: it may begin to be valid in a minute, or the edge have been out of descriptors. Told when it is another one, or for another reason.
            bool isTold = Same(found, _refused) && fault.Message == _fault;
            (_refused, _fault, _tryAgain) = (found, fault.Message, clock.Time.GetUtcNow() + TryAgainAfter);
            if (isTold) return;
            metrics.CertificateRead(taken: false);
            EdgeLog.CertificateRefused(logger, fault.Message);
        }
    }

    private static bool Same(byte[] one, byte[] other) => one.AsSpan().SequenceEqual(other);

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
