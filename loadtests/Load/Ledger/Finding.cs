using System.Text.Json.Serialization;
using Load.Scenarios;

namespace Load.Ledger;

/// <summary>Something that must not happen, and to which message it did.</summary>
/// <param name="Kind">Which of the ledger's counts it belongs to.</param>
/// <param name="MessageId">What it was accepted under; of messages by SIP the server's id.</param>
/// <param name="Sequence">Its number in this run, which stands in its text.</param>
/// <param name="From">Name of the sender.</param>
/// <param name="To">Name of the recipient.</param>
/// <param name="OtherId">A second id that belongs to it: that of the other copy, or of the message that came too early.</param>
/// <param name="AcceptedAt">Seconds from the beginning of the run; null if it was not accepted.</param>
/// <param name="DeliveredAt">Seconds from the beginning of the run; null if it was not delivered.</param>
internal sealed record Finding(
    FindingKind Kind, Guid MessageId, int Sequence, string From, string To, Way Via,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? OtherId, double? AcceptedAt, double? DeliveredAt);

/// <summary>The kinds of findings. Their order is that of reports.</summary>
internal enum FindingKind
{
    /// <summary>Accepted, still valid, and not delivered to a recipient that was there to take it.</summary>
    Lost,

    /// <summary>Delivered again under its id, and not because the answer to the first copy may have been lost.</summary>
    Duplicated,

    /// <summary>One sent text became two messages, or came under an id that it was not accepted under.</summary>
    StoredTwice,

    /// <summary>A message that was sent after this one had been accepted came before it.</summary>
    OutOfOrder,

    /// <summary>Delivered when its validity was over.</summary>
    AfterExpiry,

    /// <summary>The text that came is not the one that was sent.</summary>
    Altered,

    /// <summary>Somebody else received it.</summary>
    Misdelivered,
}
