using System.Globalization;
using Load.Measures;
using Load.Run;
using Spectre.Console;

namespace Load.Reports;

/// <summary>Shows a run while it goes on: a table that is drawn anew on a terminal, else a line every five seconds.</summary>
internal static class LiveTable
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan InLog = TimeSpan.FromSeconds(5);

    /// <summary>Ends with the run.</summary>
    public static Task ShowAsync(LoadRun run, Task running, bool quiet)
    {
        if (quiet) return Task.WhenAny(running);
        return AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Capabilities.Ansi ? DrawAsync(run, running) : LogAsync(run, running);
    }

    private static Task DrawAsync(LoadRun run, Task running) => AnsiConsole.Live(TableOf(run)).StartAsync(async context =>
    {
        while (!running.IsCompleted)
        {
            context.UpdateTarget(TableOf(run));
            await Task.WhenAny(running, Task.Delay(OnTerminal));
        }

        context.UpdateTarget(TableOf(run));
    });

    private static async Task LogAsync(LoadRun run, Task running)
    {
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(InLog));
            if (run.Last is not { } now || running.IsCompleted) continue;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{now.At,6:0} s {now.Phase,-9} online {now.Online,6:N0}  sent {now.Sent,5:N0}/s  accepted {now.Accepted,5:N0}/s  delivered {now.Delivered,5:N0}/s  p50 {now.DeliverP50,6:0.0} ms  p99 {now.DeliverP99,6:0.0} ms  errors {now.Errors.Values.Sum(),4}  lag {now.LagMax,5:0.0} ms"));
        }
    }

    private static Table TableOf(LoadRun run)
    {
        Table table = new Table().Title(Markup.Escape($"{run.Scenario.Name} on {run.Target.Sip}")).AddColumns(string.Empty, "a second", "p50", "p99", "most").Border(TableBorder.Rounded);
        SeriesPoint now = run.Last ?? new SeriesPoint { At = 0, Phase = "begins" };
        foreach (TableColumn column in table.Columns.Skip(1)) column.RightAligned();
        Row(table, "sent", now.Sent);
        Row(table, "accepted", now.Accepted, Ms(now.AcceptP50), Ms(now.AcceptP99));
        Row(table, "delivered", now.Delivered, Ms(now.DeliverP50), Ms(now.DeliverP99), Ms(now.DeliverMax));
        Row(table, "refreshed", now.Refreshed);
        Row(table, "came online", now.Registered, string.Empty, Ms(now.RegisterP99));
        Row(table, "errors", now.Errors.Values.Sum());
        table.Caption(Markup.Escape(string.Create(
            CultureInfo.InvariantCulture,
            $"{now.At:0} s, {now.Phase}: {now.Online:N0} online by {now.Connections:N0} connections, {now.Outstanding:N0} outstanding; lag {now.LagMax:0.0} ms, engine {now.EngineCpu:0.00} processors")));
        return table;
    }

    private static void Row(Table table, string name, int count, params string[] times) =>
        table.AddRow([name, count.ToString("N0", CultureInfo.InvariantCulture), .. times.Concat(Enumerable.Repeat(string.Empty, 3)).Take(3)]);

    private static string Ms(double milliseconds) => milliseconds == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms");
}
