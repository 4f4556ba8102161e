using System.Diagnostics;

namespace Load.Engine;

/// <summary>Nanoseconds of a clock that never jumps. Everything that is timed is timed by it.</summary>
internal static class Clock
{
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000_000_000;

    private static readonly double NsPerTick = 1e9 / Stopwatch.Frequency;   // 1 on Linux

    public static long NowNs => (long)(Stopwatch.GetTimestamp() * NsPerTick);

    public static long Ns(this TimeSpan length) => length.Ticks * 100;
}
