using Load.Ledger;

namespace Load.Sessions;

/// <summary>What a session has left.</summary>
/// <param name="Ledger">Closed.</param>
/// <param name="Metrics">Figures of everything it did, by the names that thresholds use.</param>
internal sealed record SessionResult(MessageLedger Ledger, IReadOnlyDictionary<string, double> Metrics);
