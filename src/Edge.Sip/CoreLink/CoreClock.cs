namespace Edge.Sip.CoreLink;

/// <summary>Maps a core's clock to the edge's monotonic one by the smallest difference seen: the batch that was least delayed.</summary>
/// <remarks>
/// A stalled link must not add life to a message, so a late batch never raises the difference. It counts for one to two windows of
/// five minutes, then newer ones stand alone: a core whose clock was set back would else seem ahead for ever, and messages would end too early.
/// </remarks>
internal sealed class CoreClock
{
    private const long WindowMs = 300_000;
    private const long Unknown = long.MaxValue;

    private readonly Lock _gate = new();
    private long _windowStart;
    private long _current = Unknown;
    private long _previous = Unknown;

    /// <summary>A batch came in.</summary>
    public void Observe(long nowMs, long coreTimeMs)
    {
        lock (_gate)
        {
            if (nowMs - _windowStart >= WindowMs)
            {
                _previous = nowMs - _windowStart >= 2 * WindowMs ? Unknown : _current;
                _current = Unknown;
                _windowStart = nowMs;
            }

            _current = Math.Min(_current, nowMs - coreTimeMs);
        }
    }

    /// <summary>A time of the core on the edge's clock.</summary>
    public long ToEdge(long coreTimeMs) => coreTimeMs + Offset;

    /// <summary>A time of the edge on the core's clock.</summary>
    public long ToCore(long nowMs) => nowMs - Offset;

    private long Offset
    {
        get
        {
            lock (_gate)
            {
                long offset = Math.Min(_current, _previous);
                return offset == Unknown ? 0 : offset;
            }
        }
    }
}
