using System.CommandLine;
using Load.Measures;
using Load.Reports;
using Load.Scenarios;

namespace Load.Commands;

/// <summary>The <c>merge</c> command: one report of the runs of several processes.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        Argument<string> output = new("OUT") { Description = "Folder of the merged report" };
        Argument<string[]> folders = new("RUN") { Description = "Folders of the runs", Arity = ArgumentArity.OneOrMore };
        Command command = new("merge", "Merges the runs of several processes that ran at the same time, each with users of its own (--first-user). Exit codes are those of run.") { output, folders };
        command.SetAction(result => Run(result.GetRequiredValue(output), result.GetRequiredValue(folders)));
        return command;
    }

    /// <returns>An exit code of <see cref="ExitCodes"/>.</returns>
    public static int Run(string output, IReadOnlyList<string> folders)
    {
        try
        {
            ReportFolder.Prepare(output);
            LatencySet latencies = new();
            List<RunResult> results = [];
            foreach (string folder in folders)
            {
                results.Add(ReportFolder.Read(folder));
                string histograms = Path.Combine(folder, ReportFolder.Histograms);
                if (!Directory.Exists(histograms)) throw new ScenarioException($"{folder} is not the folder of a run: it has no {ReportFolder.Histograms}/, without which its times would be missing.");
                HdrFiles.AddTo(latencies, histograms);
            }

            RunResult merged = Merge.Of(results, latencies);
            ReportFolder.Write(output, merged, latencies);
            Summary.Print(merged, output);
            return RunCommand.CodeOf(merged.Verdict);
        }
        catch (ScenarioException fault)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitCodes.Usage;
        }
    }
}
