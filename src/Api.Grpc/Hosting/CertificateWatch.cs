using Api.Grpc.Diagnostics;

namespace Api.Grpc.Hosting;

/// <summary>Looks whether a listener's files have changed, and has new connections shown what they hold now: nobody is cut off, nothing is restarted.</summary>
/// <remarks>Polled, not watched: file events are lost for a mounted secret, which changes by a link. Certificate and key are seldom written at once, so files are
/// read when two looks have seen the same; those that cannot be used are told once and tried again, since a certificate may begin to be valid.</remarks>
internal sealed class CertificateWatch : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(5);

    private readonly PeriodicTimer _timer;
    private readonly TimeProvider _time;
    private readonly CoreMetrics _metrics;
    private readonly ILogger<CertificateWatch> _logger;
    private readonly Watched[] _watched;

    public CertificateWatch(CoreTls tls, CoreMetrics metrics, TimeProvider time, ILogger<CertificateWatch> logger)
    {
        (_time, _metrics, _logger) = (time, metrics, logger);
        _timer = new PeriodicTimer(Every, time);
        _watched = [new Watched("api", tls.Api), new Watched("link", tls.Link)];
        metrics.ObserveCertificates(() => _watched.Select(static one => (one.Name, one.Tls.NotAfter.ToUnixTimeSeconds())));
    }

    public override void Dispose()
    {
        _timer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                foreach (Watched one in _watched) Look(one);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private void Look(Watched one)
    {
        FilesVersion found = one.Tls.Version;
        bool isNew = found != one.Tls.LoadedVersion && found == one.Seen && (found != one.Refused || _time.GetElapsedTime(one.Tried) >= TryAgainAfter);
        one.Seen = found;
        if (!isNew) return;
        one.Tried = _time.GetTimestamp();
        if (one.Tls.TryLoad(out string serialNumber, out string fault))
        {
            (one.Refused, one.Fault) = (null, string.Empty);
            _metrics.CertificateRead(one.Name, taken: true);
            CoreLog.CertificateTaken(_logger, one.Name, serialNumber, one.Tls.NotAfter);
            return;
        }

        bool isTold = found == one.Refused && fault == one.Fault;
        (one.Refused, one.Fault) = (found, fault);
        if (isTold) return;
        _metrics.CertificateRead(one.Name, taken: false);
        CoreLog.CertificateRefused(_logger, one.Name, fault);
    }

    private sealed class Watched(string name, ListenerTls tls)
    {
        public string Name => name;

        public ListenerTls Tls => tls;

        public FilesVersion? Seen { get; set; }

        public FilesVersion? Refused { get; set; }

        public string Fault { get; set; } = string.Empty;

        public long Tried { get; set; }
    }
}
