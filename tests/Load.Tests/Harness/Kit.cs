using System.Text.Json;
using Load.Reports;
using Load.Scenarios;

namespace Load.Tests.Harness;

/// <summary>The kit as users have it: its program with a scenario file, against a server of the test.</summary>
internal sealed class Kit(TestCertificate certificate)
{
    public string Assembly { get; } = Path.Combine(AppContext.BaseDirectory, "Load.dll");

    public string Server { get; } = Path.Combine(AppContext.BaseDirectory, "Load.FaultyServer.dll");

    public string Output => Path.Combine(certificate.Folder, "out");

    public RunResult Result => ReportFolder.Read(Output);

    public Child Run(Scenario scenario, int port, params string[] more)
    {
        string file = Path.Combine(certificate.Folder, "scenario.json");
        File.WriteAllText(file, JsonSerializer.Serialize(scenario, ScenarioFile.Json));
        return new Child(Assembly, ["run", file, "--sip", $"127.0.0.1:{port}", "--ca", certificate.AuthorityFile, "--run", certificate.Folder, "--api", "https://localhost:1", "--metrics", "http://127.0.0.1:1/metrics", .. more.Contains("--out") ? (string[])[] : ["--out", Output], .. more]);
    }
}
