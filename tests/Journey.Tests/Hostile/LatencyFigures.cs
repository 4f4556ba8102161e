using System.Globalization;

namespace Journey.Tests.Hostile;

/// <summary>How long messages took, milliseconds.</summary>
internal readonly record struct LatencyFigures(int Messages, double P50, double P99, double Most)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Messages} messages, p50 {P50:F1} ms, p99 {P99:F1} ms, max {Most:F0} ms");
}
