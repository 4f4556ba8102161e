using Load.Engine;

namespace Load.Measures;

/// <summary>CPU and memory of the target's processes and of the generator, second by second.</summary>
internal sealed class ServerSampler(Func<IReadOnlyDictionary<string, IReadOnlyList<int>>> processes)
{
    private readonly int[] _own = [Environment.ProcessId];
    private readonly Dictionary<string, double> _before = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, IReadOnlyList<int>> _processes = processes();
    private double _ownBefore;
    private long _beforeNs;
    private double _ownAtBegin;
    private readonly Dictionary<string, double> _atBegin = new(StringComparer.Ordinal);
    private long _beginNs;

    /// <summary>CPU seconds of the measured time, by part.</summary>
    public Dictionary<string, double> CpuSeconds { get; } = new(StringComparer.Ordinal);

    /// <summary>CPU seconds of the generator in the measured time.</summary>
    public double OwnCpuSeconds { get; private set; }

    /// <summary>Most resident megabytes in the measured time, by part.</summary>
    public Dictionary<string, double> MostMegabytes { get; } = new(StringComparer.Ordinal);

    /// <summary>Length of the measured time; 0 if it never began.</summary>
    public double Seconds { get; private set; }

    /// <summary>The measured time begins.</summary>
    public void Begin()
    {
        _beginNs = Clock.NowNs;
        _ownAtBegin = ProcessSample.CpuSeconds(_own);
        foreach ((string part, IReadOnlyList<int> ids) in _processes) _atBegin[part] = ProcessSample.CpuSeconds(ids);
    }

    /// <summary>It is over.</summary>
    public void End()
    {
        if (_beginNs == 0) return;
        Seconds = (Clock.NowNs - _beginNs) / 1e9;
        OwnCpuSeconds = ProcessSample.CpuSeconds(_own) - _ownAtBegin;
        // A part that was started again began at nothing.
        foreach ((string part, IReadOnlyList<int> ids) in processes()) CpuSeconds[part] = Since(ProcessSample.CpuSeconds(ids), _atBegin.GetValueOrDefault(part));
    }

    /// <summary>Adds what processes used since the last point.</summary>
    public SeriesPoint Sample(SeriesPoint point)
    {
        long now = Clock.NowNs;
        double seconds = _beforeNs == 0 ? 0 : (now - _beforeNs) / 1e9;
        _beforeNs = now;
        Dictionary<string, double> cpu = new(StringComparer.Ordinal), memory = new(StringComparer.Ordinal);
        double own = ProcessSample.CpuSeconds(_own);
        double ownCpu = seconds == 0 ? 0 : (own - _ownBefore) / seconds;
        _ownBefore = own;
        _processes = processes();
        foreach ((string part, IReadOnlyList<int> ids) in _processes)
        {
            double used = ProcessSample.CpuSeconds(ids);
            if (seconds > 0 && _before.TryGetValue(part, out double before)) cpu[part] = Math.Round(Since(used, before) / seconds, 3);
            _before[part] = used;
            memory[part] = Math.Round(ProcessSample.Megabytes(ids), 1);
            if (Seconds == 0 && _beginNs != 0) MostMegabytes[part] = Math.Max(MostMegabytes.GetValueOrDefault(part), memory[part]);
        }

        return point with { EngineCpu = Math.Round(ownCpu, 3), ServerCpu = cpu, ServerMemory = memory };
    }

    private static double Since(double now, double before) => now >= before ? now - before : now;
}
