namespace Edge.Sip.Delivery;

/// <summary>The one point of order of an account's messages on a flow: docs/adr/0010.</summary>
/// <remarks>
/// Pure: no clock, socket or lock; used under the connection's gate. Until its first page it takes nothing: a push that overtook
/// the answer to the registration is fetched by a page afterwards.
/// </remarks>
/// <param name="window">Most messages in flight, 1 to 8.</param>
/// <param name="most">Most messages held beside those in flight.</param>
internal sealed class DeliveryLane(int window, int most = DeliveryLane.MostHeld)
{
    /// <summary>Two of the core's pages.</summary>
    public const int MostHeld = 64;

    private const int MostFailed = 4_096;
    private const long PageLostMs = 5_000;
    private const long PageAgainMs = 1_000;

    private Queue<HeldDelivery>? _held;       // made with the first message: most lanes are idle
    private HashSet<long>? _failed;           // sequences whose last try failed here: a retry of them is taken, once
    private HashSet<long>? _retried;          // sequences taken as a retry: a second push of the same one is a repeat
    private long _resumeAfter = -1;           // where pages below the highest go on that bring retries; -1: nowhere
    private long _pageSeen;                   // last sequence of the page under way that was taken or is known
    private bool _open;
    private bool _wantsPage;                  // something waits that is not held
    private bool _missed;                     // a push was dropped since the page under way was asked for, so that page may lack it
    private long _askedAfter = -1;            // where the page under way begins; -1: none is
    private long _askedMs;
    private long _notBeforeMs;

    /// <summary>Highest sequence sent or held.</summary>
    public long Highest { get; private set; }

    public int Held => _held?.Count ?? 0;

    public int InFlight { get; private set; }

    /// <summary>A direct push.</summary>
    public LaneVerdict Push(HeldDelivery delivery)
    {
        long sequence = delivery.Message.Sequence;
        if (sequence <= Highest) return TakeRetry(delivery);
        LaneVerdict verdict = !_open || delivery.Message.Previous > Highest ? LaneVerdict.Gap : HoldNew(delivery);
        if (verdict == LaneVerdict.Taken) Highest = sequence;
        else Miss();
        return verdict;
    }

    /// <summary>A page begins; its deliveries follow by <see cref="PageDelivery"/>, then <see cref="EndPage"/>.</summary>
    /// <returns>False if it begins above what is known: it is dropped, and the right one asked for.</returns>
    public bool BeginPage(long after)
    {
        if (after > Highest)
        {
            Miss();
            return false;
        }

        _open = true;
        _pageSeen = after;
        return true;
    }

    /// <summary>One delivery of a page, in order.</summary>
    /// <returns><see cref="LaneVerdict.Full"/>: the page is cut here, the rest is not to be offered.</returns>
    public LaneVerdict PageDelivery(HeldDelivery delivery)
    {
        long sequence = delivery.Message.Sequence;
        LaneVerdict verdict = sequence <= Highest ? TakeRetry(delivery) : HoldNew(delivery);
        if (verdict == LaneVerdict.Full) return verdict;
        if (verdict == LaneVerdict.Taken) Highest = Math.Max(Highest, sequence);
        _pageSeen = sequence;
        return verdict;
    }

    /// <param name="after">As in <see cref="BeginPage"/>: tells whether this is the page that was asked for.</param>
    /// <param name="upto">Nothing at or below it waits any more that is not held, sent or to be retried.</param>
    /// <param name="more">More waits after it.</param>
    /// <param name="cut">Not all of it was taken.</param>
    public void EndPage(long after, long upto, bool more, bool cut)
    {
        long end = cut ? _pageSeen : upto;
        if (end > Highest) Highest = end;
        if (_askedAfter == after)
        {
            _askedAfter = -1;
            _wantsPage |= _missed;
            _missed = false;
        }

        if (!more && !cut) return;
        _wantsPage = true;
        if (end < Highest) ResumeAfter(end);   // retries wait below the highest: pages go on from here
    }

    /// <summary>The core could not read the page, or none came with the registration: ask a little later.</summary>
    public void PageFailed(long nowMs)
    {
        _open = true;
        AskedInVain();
        _missed = false;
        _wantsPage = true;
        _notBeforeMs = nowMs + PageAgainMs;
    }

    /// <summary>Whether to ask for a page now; if so it counts as asked for. One at a time, and only when half the lane is free.</summary>
    public bool TryAskPage(long nowMs, out long after)
    {
        if (_askedAfter >= 0 && nowMs - _askedMs >= PageLostMs)
        {
            AskedInVain();
            _wantsPage = true;
        }

        after = _resumeAfter >= 0 ? _resumeAfter : Highest;

        if (!_open || !_wantsPage || _askedAfter >= 0 || nowMs < _notBeforeMs || Held * 2 > most) return false;
        _wantsPage = false;
        _missed = false;
        _askedAfter = after;
        _askedMs = nowMs;
        _resumeAfter = -1;
        return true;
    }

    /// <summary>When <see cref="TryAskPage"/> may say yes without anything else happening.</summary>
    public long PageDueMs => _askedAfter >= 0 ? _askedMs + PageLostMs : _wantsPage && _open && Held * 2 <= most ? _notBeforeMs : long.MaxValue;

    /// <summary>The next to send; it counts as in flight until <see cref="Finished"/>.</summary>
    public bool TryTakeNext(out HeldDelivery? next)
    {
        next = null;
        if (InFlight >= window || _held is null || !_held.TryDequeue(out next)) return false;
        InFlight++;
        return true;
    }

    /// <summary>A try ended.</summary>
    /// <param name="failed">It may come again.</param>
    public void Finished(HeldDelivery delivery, bool failed)
    {
        InFlight--;
        if (failed && (_failed ??= []).Count < MostFailed) _failed.Add(delivery.Message.Sequence);
    }

    /// <summary>
    /// At or below the highest: taken if its last try failed here, or if it failed on another flow (a retry that was never one here: the core
    /// leaves a message in back-off out of this lane's pages); else it was sent or is held.
    /// </summary>
    private LaneVerdict TakeRetry(HeldDelivery delivery)
    {
        long sequence = delivery.Message.Sequence;
        bool failedHere = _failed?.Contains(sequence) ?? false;
        bool failedElsewhere = delivery.Message.Retry && !(_retried?.Contains(sequence) ?? false);
        if (!failedHere && !failedElsewhere) return LaneVerdict.Repeat;
        LaneVerdict verdict = Hold(delivery);
        if (verdict != LaneVerdict.Taken) return verdict;
        _failed?.Remove(sequence);
        Retried(sequence);
        return verdict;
    }

    /// <summary>Above the highest. One that failed elsewhere counts as retried here: the same page again must not bring it twice.</summary>
    private LaneVerdict HoldNew(HeldDelivery delivery)
    {
        LaneVerdict verdict = Hold(delivery);
        if (verdict == LaneVerdict.Taken && delivery.Message.Retry) Retried(delivery.Message.Sequence);
        return verdict;
    }

    private void Retried(long sequence)
    {
        if ((_retried ??= []).Count < MostFailed) _retried.Add(sequence);
    }

    private void ResumeAfter(long sequence) => _resumeAfter = _resumeAfter < 0 ? sequence : Math.Min(_resumeAfter, sequence);

    /// <summary>The page under way will not come.</summary>
    private void AskedInVain()
    {
        if (_askedAfter >= 0 && _askedAfter < Highest) ResumeAfter(_askedAfter);
        _askedAfter = -1;
    }

    private LaneVerdict Hold(HeldDelivery delivery)
    {
        _held ??= new Queue<HeldDelivery>();
        if (_held.Count >= most) return LaneVerdict.Full;
        _held.Enqueue(delivery);
        return LaneVerdict.Taken;
    }

    private void Miss()
    {
        _wantsPage = true;
        _missed = true;
    }
}
