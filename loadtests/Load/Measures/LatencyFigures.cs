using HdrHistogram;

namespace Load.Measures;

/// <summary>What a histogram comes down to: milliseconds.</summary>
internal sealed record LatencyFigures(long Count, double P50, double P90, double P95, double P99, double P999, double Max, double Mean)
{
    public static LatencyFigures Of(HistogramBase histogram) => new(
        histogram.TotalCount,
        At(histogram, 50),
        At(histogram, 90),
        At(histogram, 95),
        At(histogram, 99),
        At(histogram, 99.9),
        histogram.TotalCount == 0 ? 0 : Milliseconds(histogram.GetMaxValue()),
        histogram.TotalCount == 0 ? 0 : Math.Round(histogram.GetMean() / 1_000, 3));

    /// <summary>The value below which so many of a hundred lie; 0 without any.</summary>
    public static double At(HistogramBase histogram, double percentile) => histogram.TotalCount == 0 ? 0 : Milliseconds(histogram.GetValueAtPercentile(percentile));

    private static double Milliseconds(long microseconds) => Math.Round(microseconds / 1_000.0, 3);
}
