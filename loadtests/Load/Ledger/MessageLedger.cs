using System.Runtime.InteropServices;
using Load.Engine;

namespace Load.Ledger;

/// <summary>Everything that was sent, accepted and delivered, kept outside the server: what became of each message is judged from this alone.</summary>
/// <remarks>
/// One thread writes it. A message is known by its number, which stands in its text: an id given anew does not hide a second copy.
/// Order is judged only where a client can be sure of it: a message was sent after another had been accepted, both to one recipient, and came first. It is
/// not judged across the end of a recipient's connection: a first copy may have gone down with it (spec P4 is about first copies).
/// </remarks>
internal sealed class MessageLedger(LedgerRules rules)
{
    private readonly List<LedgerEntry> _entries = [];
    private readonly long[] _newestSent = new long[rules.Users];        // by recipient: the latest time of sending among what was delivered
    private readonly Guid[] _newestId = new Guid[rules.Users];
    private readonly int[] _counts = new int[Enum.GetValues<FindingKind>().Length];
    private readonly List<Finding> _findings = [];

    public int Count => _entries.Count;

    public int Accepted { get; private set; }

    public int Refused { get; private set; }

    public int Unknown { get; private set; }

    /// <summary>Messages that came, each once.</summary>
    public int Delivered { get; private set; }

    /// <summary>Came again under their id after the connection of the first copy had ended: its answer may have been lost, so the server must (spec P2).</summary>
    public int Redelivered { get; private set; }

    /// <summary>Came and are not this run's: left from an earlier one.</summary>
    public int Foreign { get; private set; }

    /// <summary>Ended unseen because their time was over.</summary>
    public int Expired { get; private set; }

    /// <summary>Accepted, still valid at the end, and not delivered: their recipients were not there.</summary>
    public int Undelivered { get; private set; }

    /// <summary>Accepted and not delivered yet.</summary>
    public int Outstanding { get; private set; }

    /// <summary>Delivered before anything was heard of their acceptance, for example because its answer is still on the way.</summary>
    public int DeliveredUnaccepted { get; private set; }

    public IReadOnlyList<Finding> Findings => _findings;

    public int CountOf(FindingKind kind) => _counts[(int)kind];

    public bool IsClean => _counts.All(static count => count == 0);

    public ref LedgerEntry this[int sequence] => ref CollectionsMarshal.AsSpan(_entries)[sequence];

    /// <summary>A message is about to leave.</summary>
    /// <returns>Its number.</returns>
    public int Begin(in LedgerEntry entry)
    {
        _entries.Add(entry);
        return _entries.Count - 1;
    }

    /// <summary>The server has taken it over. Written down before its sender does anything else.</summary>
    /// <param name="id">What the server calls it; the default if it did not say.</param>
    public void Accept(int sequence, Guid id, long nowNs)
    {
        ref LedgerEntry entry = ref this[sequence];
        if (entry.State == SendState.Accepted) return;
        if (entry.State == SendState.Unknown) Unknown--;
        (entry.State, entry.AcceptedNs) = (SendState.Accepted, nowNs);
        Accepted++;
        if (entry.Id == default) entry.Id = id;
        if (entry.Copies == 0) Outstanding++;
        else
        {
            DeliveredUnaccepted--;
            if (entry.DeliveredId != entry.Id && entry.Id != default && entry.DeliveredId != default) Find(FindingKind.StoredTwice, sequence, entry.DeliveredId);
        }
    }

    public void Refuse(int sequence)
    {
        if (this[sequence].State == SendState.Unknown) Unknown--;
        this[sequence].State = SendState.Refused;
        Refused++;
    }

    /// <summary>Nobody waits for its answer any more; one that comes all the same still counts.</summary>
    public void GiveUp(int sequence)
    {
        this[sequence].State = SendState.Unknown;
        Unknown++;
    }

    /// <summary>A message came.</summary>
    /// <param name="sequence">The number in its text; negative if there is none of this run.</param>
    /// <param name="copy">By whom, how and when.</param>
    /// <returns>Whether it is the first copy, to the right user.</returns>
    public bool Deliver(int sequence, in ReceivedCopy copy)
    {
        if ((uint)sequence >= (uint)_entries.Count)
        {
            Foreign++;
            return false;
        }

        ref LedgerEntry entry = ref this[sequence];
        if (!copy.TextIsRight) Find(FindingKind.Altered, sequence, null, copy.NowNs, copy.Id);
        if (entry.Recipient != copy.Recipient)
        {
            Find(FindingKind.Misdelivered, sequence, null, copy.NowNs, copy.Id);
            return false;
        }

        if (IsLate(entry, copy)) Find(FindingKind.AfterExpiry, sequence, null, copy.NowNs, copy.Id);
        if (entry.Copies++ > 0)
        {
            TakeAgain(sequence, ref entry, copy);
            return false;
        }

        (entry.DeliveredNs, entry.DeliveredId, entry.DeliveredGeneration) = (copy.NowNs, copy.Id, copy.Generation);
        Delivered++;
        if (entry.State == SendState.Accepted)
        {
            Outstanding--;
            if (copy.Id != entry.Id && copy.Id != default && entry.Id != default) Find(FindingKind.StoredTwice, sequence, copy.Id);
        }
        else
        {
            DeliveredUnaccepted++;
        }

        JudgeOrder(sequence, entry, copy);
        return true;
    }

    /// <summary>Nothing comes any more: what is still outstanding is lost if its recipient is registered, unless its time ended before that; for others it waits at the server.</summary>
    /// <param name="registeredSinceNs">Since when a recipient is registered; 0 if it is not.</param>
    public void Close(long nowNs, Func<int, long> registeredSinceNs)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            ref LedgerEntry entry = ref this[i];
            if (entry.State != SendState.Accepted || entry.Copies > 0) continue;
            long endsNs = entry.SentNs + rules.ValidityNs;
            long since = registeredSinceNs(entry.Recipient);
            bool isThere = since != 0, cameInTime = isThere && since < endsNs - rules.ToleranceNs;
            if (nowNs >= endsNs && !cameInTime) Expired++;
            else if (isThere) Find(FindingKind.Lost, i, null);
            else Undelivered++;
        }
    }

    /// <summary>Whose messages are outstanding.</summary>
    public IReadOnlySet<int> Recipients()
    {
        HashSet<int> recipients = [];
        foreach (ref readonly LedgerEntry entry in CollectionsMarshal.AsSpan(_entries))
        {
            if (entry.State == SendState.Accepted && entry.Copies == 0) recipients.Add(entry.Recipient);
        }

        return recipients;
    }

    private void TakeAgain(int sequence, ref LedgerEntry entry, in ReceivedCopy copy)
    {
        if (copy.Id != entry.DeliveredId) Find(FindingKind.StoredTwice, sequence, copy.Id);
        else if (entry.DeliveredNs >= copy.AnswersReadNs && copy.Generation != entry.DeliveredGeneration && copy.ConnectionEndedNs - entry.DeliveredNs < rules.AnswerMayBeLostNs) Redelivered++;
        else Find(FindingKind.Duplicated, sequence, null);
    }

    /// <summary>By the client's own clock from when it knew that it was accepted, which is never too early; and by what the message says of itself.</summary>
    private bool IsLate(in LedgerEntry entry, in ReceivedCopy copy) =>
        (entry.State == SendState.Accepted && copy.NowNs - entry.AcceptedNs > rules.ValidityNs + rules.ToleranceNs) || copy.SecondsAfterExpiry * Clock.Second > rules.ToleranceNs;

    private void JudgeOrder(int sequence, in LedgerEntry entry, in ReceivedCopy copy)
    {
        if (entry.State == SendState.Accepted && entry.AcceptedNs < _newestSent[copy.Recipient] && entry.AcceptedNs > copy.LastBrokenNs) Find(FindingKind.OutOfOrder, sequence, _newestId[copy.Recipient]);
        if (entry.SentNs <= _newestSent[copy.Recipient]) return;
        (_newestSent[copy.Recipient], _newestId[copy.Recipient]) = (entry.SentNs, copy.Id);
    }

    /// <param name="seenAs">Under which id it came: its acceptance, which tells its id, may not have been heard of yet.</param>
    private void Find(FindingKind kind, int sequence, Guid? other, long deliveredNs = 0, Guid seenAs = default)
    {
        if (++_counts[(int)kind] > rules.MostFindings) return;
        ref readonly LedgerEntry entry = ref this[sequence];
        if (deliveredNs == 0) deliveredNs = entry.DeliveredNs;
        _findings.Add(new Finding(
            kind, entry.Id != default ? entry.Id : entry.DeliveredId != default ? entry.DeliveredId : seenAs, sequence, rules.NameOf(entry.Sender), rules.NameOf(entry.Recipient), entry.Way, other, Seconds(entry.AcceptedNs), Seconds(deliveredNs)));
    }

    private double? Seconds(long ns) => ns == 0 ? null : Math.Round((ns - rules.BeganNs) / 1e9, 6);
}

/// <summary>What the ledger judges by.</summary>
/// <param name="Users">How many there are.</param>
/// <param name="NameOf">Their names.</param>
/// <param name="BeganNs">Beginning of the run.</param>
/// <param name="ValidityNs">How long the server keeps a message.</param>
/// <param name="MostFindings">Ids that are kept of each kind.</param>
internal sealed record LedgerRules(int Users, Func<int, string> NameOf, long BeganNs, long ValidityNs, int MostFindings)
{
    /// <summary>From the write at the server to the read here, and half a second of its Date header.</summary>
    public long ToleranceNs { get; init; } = 2 * Clock.Second;

    /// <summary>A connection that ends so soon after a message came may have taken the answer with it.</summary>
    public long AnswerMayBeLostNs { get; init; } = 35 * Clock.Second;   // the server waits 32 s for an answer
}

/// <summary>One MESSAGE as it arrived.</summary>
internal readonly record struct ReceivedCopy
{
    public required int Recipient { get; init; }

    /// <summary>Of the recipient's connections.</summary>
    public required int Generation { get; init; }

    public required Guid Id { get; init; }

    public required long NowNs { get; init; }

    public bool TextIsRight { get; init; }

    /// <summary>By the message's own Date and Expires and the clock here; negative while it is valid.</summary>
    public double SecondsAfterExpiry { get; init; }

    /// <summary>When a connection of the recipient last ended otherwise than while nothing was under way.</summary>
    public long LastBrokenNs { get; init; }

    /// <summary>When the recipient's connection before this one ended.</summary>
    public long ConnectionEndedNs { get; init; }

    /// <summary>Until when the server has surely read the recipient's answers; 0 if nobody knows.</summary>
    public long AnswersReadNs { get; init; }
}
