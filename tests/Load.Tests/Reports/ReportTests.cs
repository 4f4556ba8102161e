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
        RunResult result = Result() with { Verdict = Verdict.INVALID, Invalid = "the generator was late", Reasons = ["the generator was late"], Metrics = new Dictionary<string, double> { ["lag.p99"] = 900, ["lag.p50"] = 1, ["lag.p90"] = 1, ["lag.p95"] = 1, ["lag.p99.9"] = 1, ["lag.max"] = 1, ["lag.mean"] = 1, ["lag.count"] = 1 } };
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
        Assert.Equal(("11", "2", "0"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value));
        Assert.Contains(lost.MessageId.ToString(), suite.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A ledger that is not clean decides the verdict; that the generator was late stands beside it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void JUnit_AnInvalidRun_IsAnErrorAndItsThresholdsAreSkipped(bool clean)
    {
        XElement suite = JUnitReport.Write(Result() with { Verdict = clean ? Verdict.INVALID : Verdict.FAILED, Invalid = "the generator was late" }).Root!.Element("testsuite")!;
        Assert.Equal(("1", "1"), (suite.Attribute("errors")!.Value, suite.Attribute("skipped")!.Value));
    }

    /// <summary>Two processes' times put together are those of one that had measured all of them.</summary>
    [Fact]
    public void Merge_TwoProcesses_AddsHistogramsAndCounts()
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result() with { Scenario = Second }, Latencies(300));
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
        ReportFolder.Write(In("two"), Result() with { Scenario = Second, Verdict = Verdict.FAILED, Ledger = Ledger() with { Clean = false } }, Latencies(100));
        Assert.Equal(ExitCodes.Failed, MergeCommand.Run(In("both"), [In("one"), In("two")]));
    }

    [Fact]
    public void Merge_OneOfThemWasLate_IsInvalid()
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result() with { Scenario = Second, Verdict = Verdict.INVALID, Invalid = "late" }, Latencies(100));
        Assert.Equal(ExitCodes.Invalid, MergeCommand.Run(In("both"), [In("one"), In("two")]));
        Assert.False(ReportFolder.Read(In("both")).Metrics.ContainsKey("deliver.p99"));
    }

    /// <summary>Lost and late: it failed, and no figure of it is shown, compared or merged.</summary>
    [Fact]
    public void ARun_LateAndWithLosses_IsFailedAndGivesNoFigures()
    {
        RunResult result = ResultBuilder.WithoutSpeed(Result() with { Verdict = Verdict.FAILED, Invalid = "the generator was late", Ledger = Ledger() with { Clean = false } });
        Assert.DoesNotContain("Send to receipt", HtmlReport.Write(result), StringComparison.Ordinal);
        ReportFolder.Write(In("before"), Result(), Latencies(100));
        ReportFolder.Write(In("after"), result, Latencies(100));
        Assert.Equal(ExitCodes.Invalid, CompareCommand.Run(In("before"), In("after"), "10%"));
        Assert.Equal("late", ReadMerged("one", Result(), "two", result with { Scenario = Second }).Invalid is null ? "in time" : "late");
    }

    [Fact]
    public void ARun_StoppedEarly_SaysSoInEveryReport()
    {
        RunResult result = Result() with { StoppedEarly = true };
        Assert.Contains("Stopped early", HtmlReport.Write(result), StringComparison.Ordinal);
        Assert.Contains("stopped early", JUnitReport.Write(result).ToString(), StringComparison.Ordinal);
        ReportFolder.Write(In("one"), result, Latencies(100));
        Assert.Contains("\"stoppedEarly\": true", File.ReadAllText(Path.Combine(In("one"), "result.json")), StringComparison.Ordinal);
        Assert.True(ReadMerged("two", Result(), "three", result with { Scenario = Second }).StoppedEarly);
    }

    [Fact]
    public void Plot_WhereNothingArrived_HasNoLine()
    {
        string svg = new Plot("t", "ms", [], 5).Line("l", [(1, 2), (2, 3), (3, double.NaN), (4, 5)]).ToSvg();
        Assert.Equal((1, 1), (Regex.Count(svg, "<polyline"), Regex.Count(svg, "<circle")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    public void Merge_RunsThatShareUsers_AreRefused(int first)
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result() with { Began = Result().Began.AddSeconds(1), Scenario = Second with { Users = Second.Users with { First = first } } }, Latencies(100));
        Assert.Equal(ExitCodes.Usage, MergeCommand.Run(In("both"), [In("one"), In("two")]));
        Assert.Equal(ExitCodes.Usage, MergeCommand.Run(In("both"), [In("one"), In("one")]));
    }

    /// <summary>Without histograms a run's times would be missing from the whole, and nobody would know.</summary>
    [Fact]
    public void Merge_WithoutHistograms_IsRefused()
    {
        ReportFolder.Write(In("one"), Result(), Latencies(100));
        ReportFolder.Write(In("two"), Result() with { Scenario = Second }, Latencies(100));
        Assert.Equal(ExitCodes.Usage, MergeCommand.Run(In("both"), [In("one"), Path.Combine(In("two"), "result.json")]));
        Directory.Delete(Path.Combine(In("two"), "hdr"), recursive: true);
        Assert.Equal(ExitCodes.Usage, MergeCommand.Run(In("both"), [In("one"), In("two")]));
    }

    /// <summary>One server did the work of both: its CPU is divided by all of it. Errors weigh by what was attempted.</summary>
    [Fact]
    public void Merge_Ratios_AreThoseOfTheSums()
    {
        RunResult one = Result() with { Work = new WorkSums { Attempts = 900, Operations = 1_000, EngineCpuSeconds = 0.1, ServerCpuSeconds = 3 }, Metrics = new Dictionary<string, double>(Result().Metrics) { ["errors"] = 90, ["errors.share"] = 0.1 } };
        RunResult two = Result() with { Scenario = Second, Work = new WorkSums { Attempts = 100, Operations = 2_000, EngineCpuSeconds = 0.2, ServerCpuSeconds = 3 } };
        RunResult merged = ReadMerged("one", one, "two", two);
        Assert.Equal((0.09, 100.0, 1_000.0), (merged.Metrics["errors.share"], merged.Metrics["engine.cpuPerOperation"], merged.Metrics["server.cpuPerOperation"]));
    }

    [Fact]
    public void Compare_RunsThatWereNotRunAlike_AreRefused()
    {
        RunResult result = Result();
        ReportFolder.Write(In("before"), result, Latencies(100));
        RunResult[] others =
        [
            result with { StoppedEarly = true },
            result with { Scenario = result.Scenario with { Name = "other" } },
            result with { Scenario = result.Scenario with { Users = result.Scenario.Users with { Count = 21 } } },
            result with { Scenario = result.Scenario with { Traffic = [new TrafficPlan { Name = "t", Rate = 1 }] } },
        ];
        foreach (RunResult other in others)
        {
            ReportFolder.Write(In("after"), other, Latencies(100));
            Assert.Equal(ExitCodes.Usage, CompareCommand.Run(In("before"), In("after"), "10%"));
        }

        ReportFolder.Write(In("after"), result with { Scenario = Second with { Seed = 2, Thresholds = [] } }, Latencies(100));
        Assert.Equal(ExitCodes.Passed, CompareCommand.Run(In("before"), In("after"), "10%"));
    }

    [Theory]
    [InlineData(1.0, 1.9, 1_000, false)]   // 0.9 ms: the machine's
    [InlineData(1.0, 2.1, 1_000, true)]
    [InlineData(1.0, 9.0, 99, false)]      // too few
    public void Compare_SmallDifferencesAndFewSamples_AreNoRegress(double was, double isNow, double count, bool tooMuch)
    {
        RunResult Of(double p99) => Result() with { Metrics = new Dictionary<string, double> { ["accept.p99"] = p99, ["accept.count"] = count } };
        Assert.Equal(tooMuch, Assert.Single(Comparison.Compare(Of(was), Of(isNow), 0.1)).TooMuch);
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
        ReportFolder.Write(In("after"), Result() with { Verdict = Verdict.INVALID, Invalid = "late" }, Latencies(100));
        Assert.Equal(ExitCodes.Invalid, CompareCommand.Run(In("before"), In("after"), "10%"));
        Assert.Equal(ExitCodes.Usage, CompareCommand.Run(In("before"), In("nowhere"), "10%"));
    }

    private static Scenario Second => Result().Scenario with { Users = new UserPlan { Count = 20, First = 20 } };

    private RunResult ReadMerged(string one, RunResult first, string two, RunResult second)
    {
        ReportFolder.Write(In(one), first, Latencies(100));
        ReportFolder.Write(In(two), second, Latencies(100));
        _ = MergeCommand.Run(In("merged"), [In(one), In(two)]);
        return ReportFolder.Read(In("merged"));
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
