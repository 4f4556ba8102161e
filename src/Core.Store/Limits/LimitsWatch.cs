using Microsoft.Extensions.Hosting;

namespace Core.Store.Limits;

/// <summary>Looks at the limits file once a second: a change is in force within two.</summary>
/// <remarks>Polled, not watched: file events are lost on network file systems and for a link that is turned to another file.</remarks>
internal sealed class LimitsWatch(CurrentLimits limits, TimeProvider time) : BackgroundService
{
    private readonly PeriodicTimer _timer = new(TimeSpan.FromSeconds(1), time);

    public override void Dispose()
    {
        _timer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) limits.Reread();
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }
}
