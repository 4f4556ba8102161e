using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Load.Commands;
using Load.Ledger;
using Load.Measures;
using Load.Reports;
using Load.Scenarios;

namespace Load.Tests.Reports;

/// <summary>What is written of a result, and what is made of several.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("load-reports-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Result_WrittenAndRead_IsTheSame()
    {
        RunResult result = Result();
        ReportFolder.Write(In("one"), result, Latencies(100));
        Assert.Equal(JsonSerializer.Serialize(result, ScenarioFile.Json), JsonSerializer.Serialize(ReportFolder.Read(In("one")), ScenarioFile.Json));
        Assert.Contains("\"verdict\": \"PASSED\"", File.ReadAllText(Path.Combine(In("one"), "result.json")), StringComparison.Ordinal);
        Assert.Equal(["hdr", "junit.xml", "report.html", "result.json"], Directory.EnumerateFileSystemEntries(In("one")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Html_AnyResult_LoadsNothingFromAnywhere()
    {
        string html = HtmlReport.Write(Result());
        Assert.DoesNotMatch(new Regex("src=|href=|url\\(|@import|<script", RegexOptions.IgnoreCase), html);
        Assert.Contains("<svg", html, StringComparison.Ordinal);
        Assert.Contains("PASSED", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_NamesWithMarkup_AreText()
    {
        RunResult result = Result() with { Errors = new Dictionary<string, int> { ["<b>&"] = 1 }, Notes = ["<i>note</i>"] };
        string html = HtmlReport.Write(result);
        Assert.DoesNotContain("<b>&", html, StringComparison.Ordinal);
        Assert.Contains("&lt;i&gt;note", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_AnInvalidRun_ShowsNoTimes()
    {
        RunResult result = Result() with { Verdict = Verdict.INVALID, Reasons = ["the generator was late"], Metrics = new Dictionary<string, double> { ["lag.p99"] = 900, ["lag.p50"] = 1, ["lag.p90"] = 1, ["lag.p95"] = 1, ["lag.p99.9"] = 1, ["lag.max"] = 1, ["lag.mean"] = 1, ["lag.count"] = 1 } };
        string html = HtmlReport.Write(result);
        Assert.Contains("INVALID", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Send to receipt", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_ARunThatWasOverAtOnce_IsWritten() => Assert.Contains("</html>", HtmlReport.Write(Result() with { Series = [], Phases = new Dictionary<string, double>() }), StringComparison.Ordinal);

    [Fact]
    public void JUnit_FindingsAndThresholds_AreFailedCases()
    {
        Finding lost = new(FindingKind.Lost, Guid.NewGuid(), 1, "u1", "u2", Way.Sip, null, 1, null);
        RunResult result = Result() with
        {
            Verdict = Verdict.FAILED,
            Ledger = Ledger() with { Clean = false, Findings = [lost], Counts = Enum.GetValues<FindingKind>().ToDictionary(kind => kind, kind => kind == FindingKind.Lost ? 1 : 0) },
            Thresholds = [new ThresholdResult("deliver.p99 < 1ms", 5, false), new ThresholdResult("lost == 0", 0, true)],
        };
        XElement suite = JUnitReport.Write(result).Root!.Element("testsuite")!;
        Assert.Equal(("10", "2", "0"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value));
        Assert.Contains(lost.MessageId.ToString(), suite.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void JUnit_AnInvalidRun_IsAnErrorAndItsThresholdsAreSkipped()
    {
        XElement suite = JUnitReport.Write(Result() with { Verdict = Verdict.INVALID }).Root!.Element("testsuite")!;
        Assert.Equal(("1", "1"), (suite.Attribute("errors")!.Value, suite.Attribute("skipped")!.Value));
    }

    /// <summary>Two processes' times put together are those of one that had measured all of them.</summary>
    [Fact]
    public void Merge_TwoProcesses_AddsHistogramsAndCounts()
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result(), Latencies(300));
        Assert.Equal(ExitCodes.Passed, MergeCommand.Run(In("both"), [In("one"), In("two")]));
        RunResult merged = ReportFolder.Read(In("both"));
        Assert.Equal((2_000, 40, 100.0, 20.0), (merged.Ledger.Messages, merged.Scenario.Users.Count, merged.Metrics["accepted.rate"], merged.Metrics["server.memory"]));
        Assert.Equal((2_000.0, 300), (merged.Metrics["deliver.count"], Math.Round(merged.Metrics["deliver.p99"])));
        Assert.Equal(100, Math.Round(merged.Metrics["deliver.p50"]));
        Assert.Equal((60, 5.0), (merged.Series[0].Sent, merged.Series[0].DeliverP99));
    }

    [Fact]
    public void Merge_OneOfThemLost_FailsTheWhole()
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result() with { Verdict = Verdict.FAILED, Ledger = Ledger() with { Clean = false } }, Latencies(100));
        Assert.Equal(ExitCodes.Failed, MergeCommand.Run(In("both"), [In("one"), In("two")]));
    }

    [Fact]
    public void Merge_OneOfThemWasLate_IsInvalid()
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result() with { Verdict = Verdict.INVALID }, Latencies(100));
        Assert.Equal(ExitCodes.Invalid, MergeCommand.Run(In("both"), [In("one"), In("two")]));
        Assert.False(ReportFolder.Read(In("both")).Metrics.ContainsKey("deliver.p99"));
    }

    [Theory]
    [InlineData(109, 50, "10%", ExitCodes.Passed)]
    [InlineData(111, 50, "10%", ExitCodes.Failed)]    // slower
    [InlineData(111, 50, "20%", ExitCodes.Passed)]
    [InlineData(90, 44, "10%", ExitCodes.Failed)]     // fewer a second
    [InlineData(50, 60, "0%", ExitCodes.Passed)]
    [InlineData(100, 50, "much", ExitCodes.Usage)]
    public void Compare_Figures_AreWorseOrNot(double p99, double rate, string most, int code)
    {
        ReportFolder.Write(In("before"), Result(), Latencies(100));
        Dictionary<string, double> metrics = new(Result().Metrics) { ["deliver.p99"] = p99, ["accepted.rate"] = rate };
        ReportFolder.Write(In("after"), Result() with { Metrics = metrics }, Latencies(100));
        Assert.Equal(code, CompareCommand.Run(In("before"), In("after"), most));
    }

    [Fact]
    public void Compare_WithAnInvalidRun_SaysNothing()
    {
        ReportFolder.Write(In("before"), Result(), Latencies(100));
        ReportFolder.Write(In("after"), Result() with { Verdict = Verdict.INVALID }, Latencies(100));
        Assert.Equal(ExitCodes.Invalid, CompareCommand.Run(In("before"), In("after"), "10%"));
        Assert.Equal(ExitCodes.Usage, CompareCommand.Run(In("before"), In("nowhere"), "10%"));
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private static LatencySet Latencies(long milliseconds)
    {
        LatencySet latencies = new();
        for (int i = 0; i < 1_000; i++) latencies.Record("deliver", milliseconds * 1_000_000);
        return latencies;
    }

    private static LedgerResult Ledger() => new()
    {
        Clean = true,
        Messages = 1_000,
        Accepted = 1_000,
        Refused = 0,
        Unknown = 0,
        Delivered = 1_000,
        Redelivered = 0,
        Expired = 0,
        Foreign = 0,
        Counts = Enum.GetValues<FindingKind>().ToDictionary(kind => kind, _ => 0),
        Findings = [],
    };

    private static RunResult Result() => new()
    {
        Verdict = Verdict.PASSED,
        Reasons = [],
        Began = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Seconds = 12,
        Target = "here",
        Scenario = new Scenario { Name = "test", Users = new UserPlan { Count = 20 }, Thresholds = ["lost == 0"] },
        Phases = new Dictionary<string, double> { ["ramp"] = 2, ["measure"] = 8, ["drain"] = 2 },
        Metrics = new Dictionary<string, double> { ["deliver.p50"] = 80, ["deliver.p90"] = 90, ["deliver.p95"] = 95, ["deliver.p99"] = 100, ["deliver.p99.9"] = 100, ["deliver.max"] = 100, ["deliver.mean"] = 80, ["deliver.count"] = 1_000, ["accepted.rate"] = 50, ["delivered.rate"] = 50, ["offered.rate"] = 50, ["lost"] = 0, ["errors"] = 0, ["errors.share"] = 0, ["server.memory"] = 20 },
        Thresholds = [new ThresholdResult("lost == 0", 0, true)],
        Ledger = Ledger(),
        Errors = new Dictionary<string, int>(),
        Counts = [new ComparedCount("messages accepted", 1_000, 1_000)],
        Notes = [],
        Series = [new SeriesPoint { At = 1, Phase = "measure", Sent = 30, DeliverP99 = 5, ServerMemory = new Dictionary<string, double> { ["core"] = 20 } }],
    };
}
