using System.Globalization;

namespace Load.Measures;

/// <summary>What the target itself counts: its Prometheus endpoints, each series summed over its endpoints.</summary>
internal sealed class PrometheusScrape
{
    private readonly Dictionary<string, double> _values;

    private PrometheusScrape(Dictionary<string, double> values) => _values = values;

    /// <summary>Endpoints that do not answer are left out: the run is about the service, not about its metrics.</summary>
    public static async Task<PrometheusScrape> TakeAsync(HttpClient client, IEnumerable<Uri> endpoints, CancellationToken cancellationToken)
    {
        Dictionary<string, double> values = new(StringComparer.Ordinal);
        foreach (Uri endpoint in endpoints)
        {
            try
            {
                Add(values, await client.GetStringAsync(endpoint, cancellationToken));
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                continue;
            }
        }

        return new PrometheusScrape(values);
    }

    /// <summary>From the text of an endpoint.</summary>
    public static PrometheusScrape Parse(string text)
    {
        Dictionary<string, double> values = new(StringComparer.Ordinal);
        Add(values, text);
        return new PrometheusScrape(values);
    }

    /// <summary>All series of this name whose labels hold this text, added up; null if there is none.</summary>
    public double? Sum(string name, string label = "")
    {
        double? sum = null;
        foreach ((string series, double value) in _values)
        {
            int end = series.IndexOf('{', StringComparison.Ordinal);
            if (!series.AsSpan(0, end < 0 ? series.Length : end).SequenceEqual(name) || !series.Contains(label, StringComparison.Ordinal)) continue;
            sum = (sum ?? 0) + value;
        }

        return sum;
    }

    private static void Add(Dictionary<string, double> values, string text)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            int labels = line.LastIndexOf('}');
            int blank = line.IndexOf(' ', Math.Max(labels, 0));
            if (blank < 0) continue;
            string value = line[(blank + 1)..].Trim().Split(' ')[0];   // a time stamp may stand behind it
            if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)) continue;
            string series = line[..blank];
            values[series] = values.GetValueOrDefault(series) + number;
        }
    }
}
