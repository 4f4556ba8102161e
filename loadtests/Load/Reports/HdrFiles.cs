using System.Globalization;
using HdrHistogram;
using Load.Measures;

namespace Load.Reports;

/// <summary>The histograms of a run, one file each in the format of HdrHistogram's logs: other tools read it, and those of several processes are added up.</summary>
internal static class HdrFiles
{
    private const string Extension = ".hlog";

    public static void Write(string folder, LatencySet latencies, DateTimeOffset began, DateTimeOffset ended)
    {
        Directory.CreateDirectory(folder);
        foreach ((string name, LongHistogram histogram) in latencies.All)
        {
            if (histogram.TotalCount == 0) continue;
            (histogram.StartTimeStamp, histogram.EndTimeStamp) = (began.ToUnixTimeMilliseconds(), ended.ToUnixTimeMilliseconds());
            histogram.Tag = null;   // the library's reader does not take a tagged line after its header
            using FileStream file = File.Create(Path.Combine(folder, name + Extension));
            HistogramLogWriter.Write(file, began.UtcDateTime, histogram);
        }
    }

    /// <summary>Adds the histograms of a folder to those that are there.</summary>
    public static void AddTo(LatencySet latencies, string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (string path in Directory.EnumerateFiles(folder, "*" + Extension).Order(StringComparer.Ordinal))
        {
            using FileStream file = File.OpenRead(path);
            using HistogramLogReader reader = new(file);
            foreach (HistogramBase histogram in reader.ReadHistograms()) latencies.Add(Path.GetFileNameWithoutExtension(path), histogram);
        }
    }

    /// <summary>The distribution as text, for people and plotting tools.</summary>
    public static string Distribution(HistogramBase histogram)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        histogram.OutputPercentileDistribution(text, outputValueUnitScalingRatio: 1_000);   // milliseconds
        return text.ToString();
    }
}
