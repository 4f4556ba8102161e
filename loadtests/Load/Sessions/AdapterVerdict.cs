using Load.Ledger;
using Load.Reports;
using Load.Scenarios;

namespace Load.Sessions;

/// <summary>What a run under another runner comes to.</summary>
internal static class AdapterVerdict
{
    /// <summary>Says what the ledger found, with ids, and which thresholds did not hold, and gives the exit code.</summary>
    /// <param name="failed">Whether the runner itself saw failures.</param>
    public static int CodeOf(Scenario scenario, SessionResult result, bool failed)
    {
        MessageLedger ledger = result.Ledger;
        Console.WriteLine($"ledger: {ledger.Accepted:N0} accepted, {ledger.Delivered:N0} delivered, {(ledger.IsClean ? "clean" : "not clean")}");
        foreach (Finding finding in ledger.Findings) Console.WriteLine($"  {finding.Kind}: {finding.MessageId} from {finding.From} to {finding.To}");
        ThresholdResult[] thresholds = [.. scenario.Thresholds.Select(text => ResultBuilder.Judge(text, result.Metrics))];
        foreach (string reason in ResultBuilder.Reasons(LedgerResult.Of(ledger), null, thresholds)) Console.WriteLine(reason);
        if (failed) Console.WriteLine("the runner saw failed steps");
        return !failed && ResultBuilder.VerdictOf(ledger.IsClean, null, thresholds) == Verdict.PASSED ? ExitCodes.Passed : ExitCodes.Failed;
    }
}
