using System.CommandLine;
using System.Globalization;
using Load.Reports;
using Load.Scenarios;
using Spectre.Console;

namespace Load.Commands;

/// <summary>The <c>compare</c> command: is the second run worse than the first?</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        Argument<string> before = new("BEFORE") { Description = "result.json, or its folder" };
        Argument<string> after = new("AFTER") { Description = "result.json, or its folder" };
        Option<string> most = new("--max-regress") { Description = "How much worse a figure may be", HelpName = "PERCENT", DefaultValueFactory = _ => "10%" };
        Command command = new("compare", "Compares two runs of a scenario. Exit codes: 0 none of the figures is too much worse, 1 usage, 3 one of the runs is invalid, 99 one is worse.") { before, after, most };
        command.SetAction(result => Run(result.GetRequiredValue(before), result.GetRequiredValue(after), result.GetRequiredValue(most)));
        return command;
    }

    /// <returns>An exit code of <see cref="ExitCodes"/>.</returns>
    public static int Run(string beforePath, string afterPath, string most)
    {
        try
        {
            if (!double.TryParse(most.TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)) throw new ScenarioException($"--max-regress: {most} is no percentage, such as 10%.");
            (RunResult before, RunResult after) = (ReportFolder.Read(beforePath), ReportFolder.Read(afterPath));
            if (before.Invalid is not null || after.Invalid is not null)
            {
                Console.Error.WriteLine("One of them is INVALID: its generator was late, so it says nothing about its target.");
                return ExitCodes.Invalid;
            }

            if (Comparison.Differences(before, after) is { Count: > 0 } differences) throw new ScenarioException($"They were not run alike: {string.Join(", ", differences)}.");
            IReadOnlyList<ComparedFigure> figures = Comparison.Compare(before, after, percent / 100);
            Table table = new Table().Border(TableBorder.Rounded).AddColumns("figure", "before", "after", "change");
            foreach (ComparedFigure figure in figures)
            {
                string change = figure.Before == 0 && figure.After != 0 ? "from nothing" : figure.Before == 0 ? "0 %" : ((figure.After - figure.Before) / figure.Before).ToString("+0.0 %;-0.0 %;0 %", CultureInfo.InvariantCulture);
                table.AddRow(figure.Metric, Number(figure.Before), Number(figure.After), figure.TooMuch ? $"[red]{change}[/]" : change);
            }

            AnsiConsole.Write(table);
            int worse = figures.Count(static figure => figure.TooMuch) + (after.Ledger.Clean ? 0 : 1);
            Console.WriteLine(worse == 0 ? $"none is more than {percent:0.#} % worse" : $"{worse} worse than allowed{(after.Ledger.Clean ? string.Empty : "; the ledger of the second is not clean")}");
            return worse == 0 ? ExitCodes.Passed : ExitCodes.Failed;
        }
        catch (ScenarioException fault)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitCodes.Usage;
        }
    }

    private static string Number(double value) => value.ToString("#,0.###", CultureInfo.InvariantCulture);
}
