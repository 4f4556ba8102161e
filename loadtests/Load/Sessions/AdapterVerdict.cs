using Load.Ledger;

namespace Load.Sessions;

/// <summary>What a run under another runner comes to.</summary>
internal static class AdapterVerdict
{
    /// <summary>Says what the ledger found, with ids, and gives the exit code.</summary>
    /// <param name="failed">Whether the runner itself saw failures.</param>
    public static int CodeOf(MessageLedger ledger, bool failed)
    {
        Console.WriteLine($"ledger: {ledger.Accepted:N0} accepted, {ledger.Delivered:N0} delivered, {(ledger.IsClean ? "clean" : "not clean")}");
        foreach (Finding finding in ledger.Findings) Console.WriteLine($"  {finding.Kind}: {finding.MessageId} from {finding.From} to {finding.To}");
        return ledger.IsClean && !failed ? ExitCodes.Passed : ExitCodes.Failed;
    }
}
