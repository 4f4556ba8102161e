using System.Globalization;
using Spectre.Console;

namespace Load.Reports;

/// <summary>The last words of a run, for people.</summary>
internal static class Summary
{
    public static void Print(RunResult result, string folder)
    {
        AnsiConsole.WriteLine();
        string color = result.Verdict switch { Verdict.PASSED => "green", Verdict.INVALID => "yellow", _ => "red" };
        AnsiConsole.MarkupLine($"[{color} bold]{result.Verdict}[/] {Markup.Escape(result.Scenario.Name)}{(result.StoppedEarly ? ", stopped early" : string.Empty)}");
        foreach (string reason in result.Reasons) Console.WriteLine($"           {reason}");
        LedgerResult ledger = result.Ledger;
        string findings = string.Join(", ", ledger.Counts.Select(static count => string.Create(CultureInfo.InvariantCulture, $"{MetricTable.NameOf(count.Key)} {count.Value}")));
        Line($"ledger     {ledger.Messages:N0} sent, {ledger.Accepted:N0} accepted, {ledger.Delivered:N0} delivered{(ledger.Undelivered > 0 ? $", {ledger.Undelivered:N0} undelivered (their recipients were not there at the end)" : string.Empty)}; {findings}");
        foreach (string name in (string[])["accept", "deliver", "register", "refresh", "lag"])
        {
            if (result.Metrics.TryGetValue($"{name}.p50", out double p50)) Line($"{name,-10} p50 {p50:0.0} ms, p99 {result.Metrics[$"{name}.p99"]:0.0} ms, most {result.Metrics[$"{name}.max"]:0.0} ms, of {result.Metrics[$"{name}.count"]:N0}");
        }

        if (result.Metrics.TryGetValue("offered.rate", out double offered)) Line($"rate       {offered:N1} offered, {result.Metrics["accepted.rate"]:N1} accepted, {result.Metrics["delivered.rate"]:N1} delivered a second");
        foreach ((string reason, int count) in result.Errors) Line($"error      {reason}: {count:N0}");
        foreach (string note in result.Notes) Line($"happened   {note}");
        Line($"report     {Path.Combine(folder, ReportFolder.ReportFile)}");
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
