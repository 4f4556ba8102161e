using Edge.Sip.Delivery;
using Edge.Sip.Tests.Harness;
using Testing.Shared;

namespace Edge.Sip.Tests.Delivery;

/// <summary>The rules of docs/adr/0010, one by one.</summary>
public class DeliveryLaneTests
{
    private readonly DeliveryLane _lane = Opened();

    [Fact]
    public void Push_BeforeTheFirstPage_IsFetchedByAPageAfterIt()
    {
        DeliveryLane lane = new(1);
        Assert.Equal(LaneVerdict.Gap, lane.Push(Message(5)));
        Assert.False(lane.TryAskPage(0, out _));   // the answer to the registration brings the first one
        Page(lane, 0, 3);
        Assert.True(lane.TryAskPage(0, out long after));
        Assert.Equal(3, after);
    }

    [Fact]
    [Spec("D.order", "P4")]
    public void Push_PreviousAtOrBelowHighest_IsTaken()
    {
        Assert.Equal(LaneVerdict.Taken, _lane.Push(Message(5)));
        Assert.Equal(LaneVerdict.Taken, _lane.Push(Message(9, previous: 5)));
        Assert.Equal(LaneVerdict.Taken, _lane.Push(Message(10, previous: 2)));
        Assert.Equal(10, _lane.Highest);
        Assert.Equal([5, 9, 10], TakeAll(_lane));
    }

    [Fact]
    public void Push_AtOrBelowHighest_IsIgnored()
    {
        _lane.Push(Message(5));
        Assert.Equal(LaneVerdict.Repeat, _lane.Push(Message(5)));
        Assert.Equal(LaneVerdict.Repeat, _lane.Push(Message(4)));
        Assert.Equal(1, _lane.Held);
    }

    [Fact]
    [Spec("D.order", "P4")]
    public void Push_WithAGap_IsDroppedAndOnePageIsAskedFor()
    {
        _lane.Push(Message(5));
        Assert.Equal(LaneVerdict.Gap, _lane.Push(Message(9, previous: 7)));
        Assert.Equal(LaneVerdict.Gap, _lane.Push(Message(12, previous: 9)));
        Assert.True(_lane.TryAskPage(0, out long after));
        Assert.Equal(5, after);
        Assert.False(_lane.TryAskPage(1, out _));
    }

    [Fact]
    public void Push_DroppedWhileAPageIsUnderWay_IsAskedForAgain()
    {
        _lane.Push(Message(5));
        _lane.Push(Message(9, previous: 7));
        Assert.True(_lane.TryAskPage(0, out _));
        _lane.Push(Message(12, previous: 9));   // that page may have been read before 12 was stored
        Page(_lane, 5, 9, Message(7), Message(9));
        Assert.True(_lane.TryAskPage(0, out long after));
        Assert.Equal(9, after);
        Page(_lane, 9, 9);
        Assert.False(_lane.TryAskPage(0, out _));   // read after the drop: the message has ended otherwise
    }

    [Fact]
    public void Page_Empty_RaisesHighestToUpto()
    {
        Page(_lane, 0, 20);
        Assert.Equal(LaneVerdict.Taken, _lane.Push(Message(21, previous: 20)));
    }

    [Fact]
    public void Page_WithWhatWasSent_TakesOnlyTheRest()
    {
        _lane.Push(Message(5));
        Page(_lane, 0, 7, Message(5), Message(6), Message(7));
        Assert.Equal([5, 6, 7], TakeAll(_lane));
    }

    [Fact]
    public void Page_ThatBeginsAboveHighest_IsDropped()
    {
        Assert.False(_lane.BeginPage(3));
        Assert.Equal(0, _lane.Highest);
        Assert.True(_lane.TryAskPage(0, out long after));
        Assert.Equal(0, after);
    }

    [Fact]
    public void Page_WithMore_AsksForTheNextWhenHalfTheLaneIsFree()
    {
        DeliveryLane lane = new(1, most: 4);
        Page(lane, 0, 0);
        Page(lane, 0, 3, more: true, Message(1), Message(2), Message(3));
        Assert.False(lane.TryAskPage(0, out _));
        Assert.True(lane.TryTakeNext(out _));
        Assert.True(lane.TryAskPage(0, out long after));
        Assert.Equal(3, after);
    }

    [Fact]
    public void Page_LargerThanTheLane_IsCutWithoutLoss()
    {
        DeliveryLane lane = new(8, most: 2);
        Page(lane, 0, 0);
        Page(lane, 0, 3, Message(1), Message(2), Message(3));
        Assert.Equal(2, lane.Highest);
        Assert.Equal([1, 2], TakeAll(lane));
        Assert.True(lane.TryAskPage(0, out long after));
        Assert.Equal(2, after);
    }

    [Fact]
    public void Push_IntoAFullLane_DoesNotRaiseHighest()
    {
        DeliveryLane lane = new(1, most: 1);
        Page(lane, 0, 0);
        lane.Push(Message(1));
        Assert.Equal(LaneVerdict.Full, lane.Push(Message(2, previous: 1)));
        Assert.Equal(1, lane.Highest);
    }

    [Fact]
    [Spec("D.order")]
    public void Retry_OfAFailedTry_IsTakenOnce()
    {
        _lane.Push(Message(5));
        _lane.Push(Message(6, previous: 5));
        Assert.True(_lane.TryTakeNext(out HeldDelivery? first));
        _lane.Finished(first!, failed: true);
        Assert.Equal(LaneVerdict.Taken, _lane.Push(Message(5)));
        Assert.Equal(LaneVerdict.Repeat, _lane.Push(Message(5)));
        Assert.Equal([6, 5], TakeAll(_lane));   // it has stepped aside for the next ones
    }

    [Fact]
    public void Retry_InAPageAtOrBelowHighest_IsTakenOnce()
    {
        _lane.Push(Message(5));
        Assert.True(_lane.TryTakeNext(out HeldDelivery? first));
        _lane.Finished(first!, failed: true);
        Page(_lane, 0, 5, Message(5), Message(5));
        Assert.Equal([5], TakeAll(_lane));
    }

    [Fact]
    public void Retry_OfADeliveredMessage_IsIgnored()
    {
        _lane.Push(Message(5));
        Assert.True(_lane.TryTakeNext(out HeldDelivery? first));
        _lane.Finished(first!, failed: false);
        Page(_lane, 0, 5, Message(5));   // read in the store before the acknowledgement took effect
        Assert.Empty(TakeAll(_lane));
    }

    /// <summary>Spec "Several devices": a message in back-off after another device's failure is left out of this lane's first page.</summary>
    [Fact]
    [Spec("D.devices")]
    public void Retry_OfAFailureOnAnotherDevice_IsTakenOnce()
    {
        Page(_lane, 0, 9, Message(9));
        Assert.Equal([9], TakeAll(_lane));
        Assert.Equal(LaneVerdict.Taken, _lane.Push(Message(5, attempt: 2)));
        Assert.Equal([5], TakeAll(_lane));
        Assert.Equal(LaneVerdict.Repeat, _lane.Push(Message(5, attempt: 2)));
    }

    [Fact]
    [Spec("D.devices")]
    public void Retry_TakenAboveHighest_TheSweepsPageBringsItNoSecondTime()
    {
        Page(_lane, 0, 9, Message(9, attempt: 3));   // it had failed on another device
        Assert.True(_lane.TryTakeNext(out _));
        Page(_lane, 0, 9, Message(9, attempt: 3));
        Assert.Equal(0, _lane.Held);
    }

    /// <summary>A device that recovers: its next REGISTER brings everything that had failed, in pages that begin below the highest.</summary>
    [Fact]
    [Spec("S15", "S16")]
    public void Retries_MoreThanALaneHolds_PagesGoOnBelowHighest()
    {
        DeliveryLane lane = new(1, most: 2);
        Page(lane, 0, 0);
        for (int i = 1; i <= 6; i++)
        {
            lane.Push(Message(i, previous: i - 1));
            Assert.True(lane.TryTakeNext(out HeldDelivery? one));
            lane.Finished(one!, failed: true);
        }

        Page(lane, 0, 4, more: true, Message(1, attempt: 2), Message(2, attempt: 2), Message(3, attempt: 2), Message(4, attempt: 2));   // cut after 2
        Assert.Equal(6, lane.Highest);
        Assert.Equal([1, 2], TakeAll(lane));
        Assert.True(lane.TryAskPage(0, out long after));
        Assert.Equal(2, after);
        Page(lane, 2, 4, more: true, Message(3, attempt: 2), Message(4, attempt: 2));
        Assert.Equal([3, 4], TakeAll(lane));
        Assert.True(lane.TryAskPage(0, out after));
        Assert.Equal(4, after);
        Page(lane, 4, 6, Message(5, attempt: 2), Message(6, attempt: 2));
        Assert.Equal([5, 6], TakeAll(lane));
        Assert.False(lane.TryAskPage(0, out _));
    }

    [Fact]
    public void Page_BelowHighestThatNeverComes_IsAskedForAgainFromThere()
    {
        _lane.Push(Message(9));
        Page(_lane, 0, 3, more: true);
        Assert.True(_lane.TryAskPage(10_000, out long after));
        Assert.Equal(3, after);
        Assert.True(_lane.TryAskPage(15_000, out after));
        Assert.Equal(3, after);
        _lane.PageFailed(15_001);
        Assert.True(_lane.TryAskPage(16_001, out after));
        Assert.Equal(3, after);
    }

    [Fact]
    [Spec("S15", "D.order")]
    public void Window_OfOne_WaitsForTheAnswer()
    {
        _lane.Push(Message(5));
        _lane.Push(Message(6, previous: 5));
        Assert.True(_lane.TryTakeNext(out HeldDelivery? first));
        Assert.False(_lane.TryTakeNext(out _));
        _lane.Finished(first!, failed: false);
        Assert.True(_lane.TryTakeNext(out HeldDelivery? second));
        Assert.Equal(6, second!.Message.Sequence);
    }

    [Fact]
    public void Page_Failed_IsAskedForASecondLater()
    {
        _lane.PageFailed(10_000);
        Assert.False(_lane.TryAskPage(10_999, out _));
        Assert.Equal(11_000, _lane.PageDueMs);
        Assert.True(_lane.TryAskPage(11_000, out _));
    }

    [Fact]
    public void Page_ThatNeverComes_IsAskedForAgain()
    {
        _lane.Push(Message(9, previous: 7));
        Assert.True(_lane.TryAskPage(10_000, out _));
        Assert.False(_lane.TryAskPage(14_999, out _));
        Assert.True(_lane.TryAskPage(15_000, out _));
    }

    private static DeliveryLane Opened()
    {
        DeliveryLane lane = new(1);
        Page(lane, 0, 0);
        return lane;
    }

    private static void Page(DeliveryLane lane, long after, long upto, params HeldDelivery[] messages) => Page(lane, after, upto, false, messages);

    private static void Page(DeliveryLane lane, long after, long upto, bool more, params HeldDelivery[] messages)
    {
        Assert.True(lane.BeginPage(after));
        bool cut = false;
        foreach (HeldDelivery message in messages)
        {
            cut = lane.PageDelivery(message) == LaneVerdict.Full;
            if (cut) break;
        }

        lane.EndPage(after, upto, more, cut);
    }

    private static List<long> TakeAll(DeliveryLane lane)
    {
        List<long> taken = [];
        while (lane.TryTakeNext(out HeldDelivery? next))
        {
            taken.Add(next!.Message.Sequence);
            lane.Finished(next, failed: false);
        }

        return taken;
    }

    private static HeldDelivery Message(long sequence, long previous = 0, uint attempt = 1) =>
        new(new LinkDelivery { Sequence = sequence, Previous = previous, Attempt = attempt, Retry = attempt > 1 }, new NoLink());
}
