using System.Globalization;

namespace Load.Scenarios;

/// <summary>Something that must hold of a run: a figure, a comparison, a bound. <c>deliver.p99 &lt; 200ms</c>, <c>lost == 0</c>, <c>errors.share &lt;= 0.1%</c>.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Metric">The figure's name in the result; lengths of time are milliseconds there.</param>
/// <param name="Comparison">One of &lt; &lt;= == &gt;= &gt;.</param>
/// <param name="Bound">In the figure's unit.</param>
internal sealed record Threshold(string Text, string Metric, string Comparison, double Bound)
{
    private static readonly string[] Comparisons = ["<=", ">=", "==", "<", ">"];   // the longer ones first

    public static bool TryParse(string text, out Threshold threshold, out string why)
    {
        threshold = null!;
        foreach (string comparison in Comparisons)
        {
            int at = text.IndexOf(comparison, StringComparison.Ordinal);
            if (at < 0) continue;
            string metric = text[..at].Trim();
            if (!MetricNames.IsKnown(metric))
            {
                why = $"there is no figure {metric}; there are {MetricNames.Describe()}";
                return false;
            }

            if (!TryParseBound(text[(at + comparison.Length)..].Trim(), MetricNames.IsDuration(metric), out double bound))
            {
                why = MetricNames.IsDuration(metric) ? "the bound is a length of time, such as 200ms" : "the bound is a number, or a share such as 0.1%";
                return false;
            }

            (threshold, why) = (new Threshold(text, metric, comparison, bound), string.Empty);
            return true;
        }

        why = "a threshold is FIGURE < BOUND, or with <=, ==, >= or >";
        return false;
    }

    /// <summary>Whether it holds. What was not measured holds nothing.</summary>
    public bool Holds(double value) => Comparison switch
    {
        "<" => value < Bound,
        "<=" => value <= Bound,
        "==" => Math.Abs(value - Bound) < 1e-9,
        ">=" => value >= Bound,
        _ => value > Bound,
    };

    private static bool TryParseBound(string text, bool duration, out double bound)
    {
        bound = 0;
        if (duration)
        {
            bool parsed = Durations.TryParse(text, out TimeSpan length);
            bound = length.TotalMilliseconds;
            return parsed;
        }

        bool share = text.EndsWith('%');
        if (!double.TryParse(share ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out bound)) return false;
        if (share) bound /= 100;
        return true;
    }
}
