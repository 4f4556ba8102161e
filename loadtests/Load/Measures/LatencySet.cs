using HdrHistogram;
using Load.Scenarios;

namespace Load.Measures;

/// <summary>The histograms of a run, by the names of <see cref="MetricNames.Latencies"/>, in microseconds with three digits.</summary>
internal sealed class LatencySet
{
    /// <summary>An hour: what takes longer counts as that.</summary>
    private const long MostUs = 3_600_000_000;

    private readonly Dictionary<string, LongHistogram> _histograms;

    public LatencySet() => _histograms = MetricNames.Latencies.ToDictionary(static name => name, static name => new LongHistogram(1, MostUs, 3) { Tag = name }, StringComparer.Ordinal);

    public IEnumerable<KeyValuePair<string, LongHistogram>> All => _histograms;

    public LongHistogram this[string name] => _histograms[name];

    public void Record(string name, long ns) => Record(_histograms[name], ns);

    public static void Record(LongHistogram histogram, long ns) => histogram.RecordValue(Math.Clamp(ns / 1_000, 1, MostUs));

    /// <summary>Another process' histogram of this name is added.</summary>
    public void Add(string name, HistogramBase other) => _histograms[name].Add(other);
}
