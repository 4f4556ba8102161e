using System.Globalization;
using System.Net;
using System.Text;
using Load.Measures;
using Load.Run;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>The report for people: one file, nothing loaded from anywhere, readable without scripts.</summary>
internal static class HtmlReport
{
    private const int MostFindings = 200;   // of those in the result: a page stays a page

    public static string Write(RunResult result)
    {
        StringBuilder html = new();
        html.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        Append(html, $"<title>{Text(result.Verdict.ToString())}: {Text(result.Scenario.Name)}</title><style>{HtmlStyle.Css}</style></head><body><main>");
        Head(html, result);
        Cards(html, result);
        Plots(html, result);
        Latencies(html, result);
        Rest(html, result);
        return html.Append("</main></body></html>\n").ToString();
    }

    private static void Head(StringBuilder html, RunResult result)
    {
        Append(html, $"<header class=\"{result.Verdict.ToString().ToLowerInvariant()}\"><b>{Text(result.Verdict.ToString())}</b><div><h1>{Text(result.Scenario.Name)}</h1><p>{Text(result.Scenario.Description)}</p>");
        Append(html, $"<p class=\"small\">{result.Began:yyyy-MM-dd HH:mm:ss} UTC, {result.Seconds:0} s, seed {result.Scenario.Seed}, {result.Scenario.Users.Count:N0} users; {Text(result.Target)}</p></div></header>");
        if (result.StoppedEarly) Append(html, $"<p><b>Stopped early</b>: measured were {result.Phases.GetValueOrDefault(PhaseNames.Of(Phase.Measure)):0.#} s of {result.Scenario.Phases.Measure.TotalSeconds:0.#} s.</p>");
        if (result.Reasons.Count > 0) Append(html, $"<ul class=\"reasons\">{Each(result.Reasons, static reason => $"<li>{Text(reason)}</li>")}</ul>");
    }

    private static void Cards(StringBuilder html, RunResult result)
    {
        html.Append("<section class=\"cards\">");
        LedgerResult ledger = result.Ledger;
        Card(html, "Ledger", ledger.Clean ? "clean" : "not clean", $"{ledger.Accepted:N0} accepted, {ledger.Delivered:N0} delivered", ledger.Clean ? "good" : "bad");
        if (result.Metrics.ContainsKey("deliver.p99")) Card(html, "Deliver", $"{result.Metrics["deliver.p99"]:0.#} ms", $"99 %; half within {result.Metrics["deliver.p50"]:0.#} ms", string.Empty);
        if (result.Metrics.ContainsKey("accept.p99")) Card(html, "Accept", $"{result.Metrics["accept.p99"]:0.#} ms", $"99 %; half within {result.Metrics["accept.p50"]:0.#} ms", string.Empty);
        if (result.Metrics.ContainsKey("register.p99")) Card(html, "Register", $"{result.Metrics["register.p99"]:0.#} ms", $"99 % of {result.Metrics["register.count"]:N0}", string.Empty);
        if (result.Metrics.TryGetValue("offered.rate", out double offered) && offered > 0) Card(html, "Messages", $"{result.Metrics["accepted.rate"]:N1}/s", $"{offered:N1} offered, {result.Metrics["delivered.rate"]:N1} delivered a second", string.Empty);
        double errors = result.Metrics.GetValueOrDefault("errors");
        Card(html, "Errors", $"{errors:N0}", $"{result.Metrics.GetValueOrDefault("errors.share"):P3} of what was done", errors == 0 ? "good" : string.Empty);
        if (result.Metrics.TryGetValue("server.cpu", out double serverCpu)) Card(html, "Server", $"{serverCpu:0.00} CPU", $"{result.Metrics.GetValueOrDefault("server.memory"):N0} MB at most", string.Empty);
        Card(html, "Generator", $"{result.Metrics.GetValueOrDefault("lag.p99"):0.#} ms late", $"99 %; {result.Metrics.GetValueOrDefault("engine.cpu"):0.00} CPU", result.Invalid is not null ? "bad" : string.Empty);
        html.Append("</section>");
    }

    private static void Plots(StringBuilder html, RunResult result)
    {
        IReadOnlyList<SeriesPoint> series = result.Series;
        double seconds = series.Count == 0 ? 1 : series[^1].At;
        IReadOnlyList<PlotPhase> phases = PhasesOf(result);
        html.Append("<section class=\"plots\">");
        if (result.Invalid is null)
        {
            html.Append(New("Send to receipt", "ms").Line("half", Times(static p => p.DeliverP50)).Line("90 %", Times(static p => p.DeliverP90)).Line("99 %", Times(static p => p.DeliverP99)).Line("most", Times(static p => p.DeliverMax)).ToSvg());
            html.Append(New("Send to acceptance, and registration", "ms").Line("accepted, half", Times(static p => p.AcceptP50)).Line("accepted, 99 %", Times(static p => p.AcceptP99)).Line("registered, 99 %", Times(static p => p.RegisterP99)).ToSvg());
        }

        html.Append(New("Messages", "a second").Line("offered", Of(static p => p.Offered)).Line("accepted", Of(static p => p.Accepted)).Line("delivered", Of(static p => p.Delivered)).ToSvg());
        Plot errors = New("Errors, by reason", "a second");
        foreach (string reason in result.Errors.OrderByDescending(static error => error.Value).Take(8).Select(static error => error.Key)) errors.Line(reason, Of(p => p.Errors.GetValueOrDefault(reason)));
        html.Append((result.Errors.Count == 0 ? errors.Line("none", Of(static _ => 0)) : errors).ToSvg());
        Plot cpu = New("CPU", "processors"), memory = New("Memory", "MB resident");
        foreach (string part in series.SelectMany(static p => p.ServerMemory.Keys).Distinct(StringComparer.Ordinal))
        {
            cpu.Line(part, Of(p => p.ServerCpu.GetValueOrDefault(part)));
            memory.Line(part, Of(p => p.ServerMemory.GetValueOrDefault(part)));
        }

        html.Append(cpu.Line("generator", Of(static p => p.EngineCpu)).ToSvg()).Append(memory.ToSvg());
        html.Append(New("Users online, and messages outstanding", string.Empty).Line("online", Of(static p => p.Online)).Line("connections", Of(static p => p.Connections)).Line("outstanding", Of(static p => p.Outstanding)).ToSvg());
        html.Append(New("How late the generator was", "ms").Line("most", Of(static p => p.LagMax)).ToSvg());
        html.Append("</section>");

        Plot New(string title, string unit) => new(title, unit, phases, seconds);

        // Where nothing arrived there is no time, and no point.
        IEnumerable<(double, double)> Times(Func<SeriesPoint, double> value) => Of(point => value(point) is not 0 and double time ? time : double.NaN);

        IEnumerable<(double, double)> Of(Func<SeriesPoint, double> value) => series.Select(point => (point.At, value(point)));
    }

    private static void Latencies(StringBuilder html, RunResult result)
    {
        string[] shown = [.. MetricNames.Latencies.Where(name => result.Metrics.ContainsKey($"{name}.p50"))];
        html.Append("<section><h2>Times, ms</h2><table><tr><th></th>");
        foreach (string statistic in MetricNames.Statistics) Append(html, $"<th>{Text(statistic)}</th>");
        html.Append("</tr>");
        foreach (string name in shown)
        {
            Append(html, $"<tr><td>{Text(name)}</td>");
            foreach (string statistic in MetricNames.Statistics) Append(html, $"<td>{result.Metrics[$"{name}.{statistic}"]:#,0.##}</td>");
            html.Append("</tr>");
        }

        html.Append("</table><p class=\"small\">Of the measured time, which the plots show shaded; register also of everybody's coming before it, drain also of the drain. What the generator was late for is left out. Open model: a time counts from when the message was due, not from when it left.</p></section>");
    }

    private static void Rest(StringBuilder html, RunResult result)
    {
        if (result.Thresholds.Count > 0)
        {
            Table(html, "Thresholds", ["", "was", ""], result.Thresholds.Select(t => (string[])[t.Text, t.Value?.ToString("#,0.###", CultureInfo.InvariantCulture) ?? string.Empty, result.Invalid is not null ? "not judged" : t.Held ? "held" : "did not hold"]));
        }

        Table(html, "Ledger", ["", "messages"], LedgerRows(result.Ledger));
        if (result.Ledger.Findings.Count > 0)
        {
            Table(
                html, $"Findings{(result.Ledger.Findings.Count > MostFindings ? $" (the first {MostFindings}; result.json has {result.Ledger.Findings.Count:N0})" : string.Empty)}",
                ["", "message", "other id", "from", "to", "by", "accepted, s", "delivered, s"],
                result.Ledger.Findings.Take(MostFindings).Select(static f => (string[])[MetricTable.NameOf(f.Kind), f.MessageId.ToString(), f.OtherId?.ToString() ?? string.Empty, f.From, f.To, f.Via.ToString(), Number(f.AcceptedAt), Number(f.DeliveredAt)]));
        }

        Table(html, "Generator beside server", ["", "generator", "server's metrics"], result.Counts.Select(static c => (string[])[c.Name, Number(c.Client), Number(c.Server)]));
        if (result.Errors.Count > 0) Table(html, "Errors", ["", "times"], result.Errors.Select(static e => (string[])[e.Key, Number(e.Value)]));
        if (result.Notes.Count > 0) Append(html, $"<section><h2>What happened</h2><ul>{Each(result.Notes, static note => $"<li>{Text(note)}</li>")}</ul></section>");
        Table(html, "All figures", ["", ""], result.Metrics.Where(static m => MetricNames.Plain.Contains(m.Key)).Select(static m => (string[])[m.Key, Number(m.Value)]));
    }

    private static IEnumerable<string[]> LedgerRows(LedgerResult ledger) =>
    [
        ["sent", Number(ledger.Messages)],
        ["accepted", Number(ledger.Accepted)],
        ["delivered", Number(ledger.Delivered)],
        ["refused", Number(ledger.Refused)],
        ["no answer: nothing was promised", Number(ledger.Unknown)],
        ["delivered again after the recipient's connection had ended", Number(ledger.Redelivered)],
        ["ended unseen because their time was over", Number(ledger.Expired)],
        ["undelivered: the recipient was not there at the end", Number(ledger.Undelivered)],
        ["of earlier runs", Number(ledger.Foreign)],
        .. ledger.Counts.Select(static count => (string[])[MetricTable.NameOf(count.Key), Number(count.Value)]),
    ];

    private static void Table(StringBuilder html, string title, string[] head, IEnumerable<string[]> rows)
    {
        Append(html, $"<section><h2>{Text(title)}</h2><table><tr>{Each(head, static cell => $"<th>{Text(cell)}</th>")}</tr>");
        foreach (string[] row in rows) Append(html, $"<tr>{Each(row, static cell => $"<td>{Text(cell)}</td>")}</tr>");
        html.Append("</table></section>");
    }

    private static List<PlotPhase> PhasesOf(RunResult result)
    {
        List<PlotPhase> phases = [];
        double at = 0;
        foreach ((string name, double length) in result.Phases)
        {
            phases.Add(new PlotPhase(name, at, at + length, name == PhaseNames.Of(Phase.Measure)));
            at += length;
        }

        return phases;
    }

    private static void Card(StringBuilder html, string title, FormattableString value, FormattableString detail, string kind) =>
        Append(html, $"<div class=\"card {kind}\"><h3>{Text(title)}</h3><b>{Text(value.ToString(CultureInfo.InvariantCulture))}</b><p>{Text(detail.ToString(CultureInfo.InvariantCulture))}</p></div>");

    private static void Card(StringBuilder html, string title, string value, FormattableString detail, string kind) => Card(html, title, FormattableStringOf(value), detail, kind);

    private static FormattableString FormattableStringOf(string text) => $"{text}";

    private static string Number(double? value) => value?.ToString("#,0.###", CultureInfo.InvariantCulture) ?? string.Empty;

    private static string Each<T>(IEnumerable<T> items, Func<T, string> write) => string.Concat(items.Select(write));

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Append(StringBuilder html, FormattableString text) => html.Append(text.ToString(CultureInfo.InvariantCulture));
}
