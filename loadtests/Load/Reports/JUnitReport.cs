using System.Globalization;
using System.Xml.Linq;
using Load.Ledger;

namespace Load.Reports;

/// <summary>The run as test cases, for build servers: one for each count of the ledger, one for each threshold, one for the generator's honesty, one for whether it ran to its end.</summary>
internal static class JUnitReport
{
    public static XDocument Write(RunResult result)
    {
        string suite = $"load.{result.Scenario.Name}";
        XElement[] cases =
        [
            Case(suite, "generator was in time", result.Invalid is { } late ? new XElement("error", new XAttribute("message", late)) : null),
            Case(suite, "ran to its end", result.StoppedEarly ? new XElement("skipped", new XAttribute("message", "stopped early")) : null),
            .. result.Ledger.Counts.Select(count => Case(suite, $"{MetricTable.NameOf(count.Key)} == 0", count.Value == 0 ? null : Failure($"{count.Value} messages", Ids(result, count.Key)))),
            .. result.Thresholds.Select(threshold => Case(suite, threshold.Text, ChildOf(result, threshold))),
        ];
        return new XDocument(new XElement(
            "testsuites",
            new XElement(
                "testsuite",
                new XAttribute("name", suite),
                new XAttribute("tests", cases.Length),
                new XAttribute("failures", cases.Count(static one => one.Element("failure") is not null)),
                new XAttribute("errors", cases.Count(static one => one.Element("error") is not null)),
                new XAttribute("skipped", cases.Count(static one => one.Element("skipped") is not null)),
                new XAttribute("time", result.Seconds.ToString(CultureInfo.InvariantCulture)),
                new XAttribute("timestamp", result.Began.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture)),
                cases)));
    }

    private static XElement? ChildOf(RunResult result, ThresholdResult threshold)
    {
        if (result.Invalid is not null) return new XElement("skipped");
        return threshold.Held ? null : Failure(threshold.Value is { } value ? string.Create(CultureInfo.InvariantCulture, $"it was {value:0.###}") : "nothing of it was measured", string.Empty);
    }

    private static XElement Case(string suite, string name, XElement? child) => new("testcase", new XAttribute("classname", suite), new XAttribute("name", name), child);

    private static XElement Failure(string message, string detail) => new("failure", new XAttribute("message", message), detail);

    private static string Ids(RunResult result, FindingKind kind) => string.Join('\n', result.Ledger.Findings.Where(finding => finding.Kind == kind).Select(static finding => finding.MessageId));
}
