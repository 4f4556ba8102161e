using System.Text.Json;
using Load.Measures;
using Load.Scenarios;

namespace Load.Reports;

/// <summary>The files of a run, in a folder of their own.</summary>
internal static class ReportFolder
{
    public const string ResultFile = "result.json";
    public const string ReportFile = "report.html";
    public const string JUnitFile = "junit.xml";

    /// <summary>Folder of the histograms.</summary>
    public const string Histograms = "hdr";

    /// <summary>Makes the folder and tries it, before a run whose report would have no place.</summary>
    /// <exception cref="ScenarioException">Nothing can be written there.</exception>
    public static void Prepare(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".probe-{Environment.ProcessId}");
            File.WriteAllText(probe, string.Empty);
            File.Delete(probe);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ScenarioException($"The report has no place in {folder}: {fault.Message}");
        }
    }

    public static void Write(string folder, RunResult result, LatencySet latencies)
    {
        Directory.CreateDirectory(folder);
        string histograms = Path.Combine(folder, Histograms);
        if (Directory.Exists(histograms)) Directory.Delete(histograms, recursive: true);   // of a run before
        HdrFiles.Write(histograms, latencies, result.Began, result.Began.AddSeconds(result.Seconds));
        WriteReports(folder, result);
    }

    /// <summary>Those that are made of the result alone.</summary>
    public static void WriteReports(string folder, RunResult result)
    {
        File.WriteAllText(Path.Combine(folder, ResultFile), JsonSerializer.Serialize(result, ScenarioFile.Json));
        File.WriteAllText(Path.Combine(folder, ReportFile), HtmlReport.Write(result));
        JUnitReport.Write(result).Save(Path.Combine(folder, JUnitFile));
    }

    /// <summary>A result from its file or its folder.</summary>
    /// <exception cref="ScenarioException">There is none, or it is not one.</exception>
    public static RunResult Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, ResultFile) : path;
        if (!File.Exists(file)) throw new ScenarioException($"There is no result at {path}.");
        try
        {
            RunResult? result = JsonSerializer.Deserialize<RunResult>(File.ReadAllText(file), ScenarioFile.Json);
            return result is { Format: RunResult.CurrentFormat } ? result : throw new ScenarioException($"{file} is of another format.");
        }
        catch (JsonException fault)
        {
            throw new ScenarioException($"{file} is no result: {fault.Message}");
        }
    }
}
