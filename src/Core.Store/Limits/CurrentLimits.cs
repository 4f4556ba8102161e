using Core.Store.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Core.Store.Limits;

/// <summary>The limits in force: the file's, read at the start and whenever it changes; without a file the defaults.</summary>
/// <remarks>A change is a new time of writing or length, so an editor that writes in pieces is followed to its end. A broken file leaves in force what was.</remarks>
internal sealed class CurrentLimits : ILimits
{
    private readonly string _path;
    private readonly StoreMetrics _metrics;
    private readonly ILogger<CurrentLimits> _logger;
    private FileVersion _seen;
    private volatile LimitSet _current = new();

    public CurrentLimits(IOptions<CoreStoreOptions> options, StoreMetrics metrics, ILogger<CurrentLimits> logger)
    {
        (_path, _metrics, _logger) = (options.Value.LimitsFile, metrics, logger);
        if (_path.Length == 0) return;
        _seen = FileVersion.Of(_path);
        IReadOnlyList<string> faults = LimitsFile.Read(_path, out LimitSet limits);
        if (faults.Count > 0) throw new OptionsValidationException(nameof(CoreStoreOptions.LimitsFile), typeof(CoreStoreOptions), faults);
        _current = limits;
    }

    public LimitSet Current => _current;

    /// <summary>Looks whether the file has changed and takes it if it is sound. Not called twice at once.</summary>
    public void Reread()
    {
        if (_path.Length == 0) return;
        FileVersion now = FileVersion.Of(_path);   // before the reading: what is written meanwhile is seen the next time
        if (now == _seen) return;
        _seen = now;
        IReadOnlyList<string> faults = LimitsFile.Read(_path, out LimitSet limits);
        _metrics.LimitsFileBroken = faults.Count > 0;
        if (faults.Count > 0)
        {
            StoreLog.LimitsKept(_logger, string.Join("; ", faults));
            return;
        }

        if (LimitFields.Difference(_current, limits) is { Length: > 0 } changes) StoreLog.LimitsChanged(_logger, changes);
        _current = limits;
    }
}
