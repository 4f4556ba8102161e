namespace Edge.Sip;

/// <summary>The edge's monotonic clock in milliseconds: deadlines must not move when someone sets the wall clock.</summary>
internal sealed class EdgeClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Milliseconds since the process made this clock, and a second: never 0, so 0 can mean "never".</summary>
    public long NowMs => 1_000 + (long)time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>The wall clock, for the SIP Date header alone.</summary>
    public DateTimeOffset UtcNow => time.GetUtcNow();

    public TimeProvider Time => time;
}
