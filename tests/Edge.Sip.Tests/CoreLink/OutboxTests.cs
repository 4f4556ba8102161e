using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Sip.Tests.CoreLink;

public class OutboxTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly NoLink _link = new();
    private readonly Outbox _outbox;
    private int _dropped;

    public OutboxTests() => _outbox = new Outbox(2, new EdgeClock(_time), () => _dropped++);

    [Fact]
    public void Entry_Unconfirmed_IsSentAgainAfterACut()
    {
        Add(1);
        Add(2);
        _outbox.Confirm(1, retry: false);
        _outbox.SendDue(() => _link);
        Assert.Empty(_link.Posted);
        _outbox.LinkCut(_link);
        _outbox.SendDue(() => null);
        _outbox.SendDue(() => _link);
        Assert.Equal(2, Assert.Single(_link.Posted).DeliveryReport.Sequence);
    }

    [Fact]
    public void Entry_StoreUnavailable_IsSentAgainASecondLater()
    {
        Add(1);
        _outbox.Confirm(1, retry: true);
        _outbox.SendDue(() => _link);
        Assert.Empty(_link.Posted);
        _time.Advance(TimeSpan.FromSeconds(1));
        _outbox.SendDue(() => _link);
        Assert.Single(_link.Posted);
    }

    [Fact]
    public void Entry_NeverConfirmed_IsSentAgainAfterAWhile()
    {
        Add(1);
        _time.Advance(TimeSpan.FromSeconds(15));
        _outbox.SendDue(() => _link);
        _outbox.SendDue(() => _link);
        Assert.Single(_link.Posted);
    }

    [Fact]
    public void Unregister_NeverConfirmed_IsGivenUpWhenNoRegistrationCanBeLeft()
    {
        AddUnregister(_link, untilMs: Now + 600_000);
        for (int i = 0; i < 39; i++) Pass(seconds: 15);
        Assert.Equal((1, 39), (_outbox.Count, _link.Posted.Count));
        Pass(seconds: 15);
        Assert.Equal((0, 39), (_outbox.Count, _link.Posted.Count));
    }

    [Fact]
    public void Unregister_StoreUnavailableForLong_IsSentEverMoreSeldomAndNotForgotten()
    {
        AddUnregister(_link, untilMs: Now + 3_600_000);
        List<double> sentAt = [];
        for (int second = 1; second <= 90; second++)
        {
            int before = _link.Posted.Count;
            if (second == 1 || sentAt.Count > 0 && sentAt[^1] == second - 1) _outbox.Confirm(1, retry: true);
            Pass(seconds: 1);
            if (_link.Posted.Count > before) sentAt.Add(second);
        }

        Assert.Equal([1, 3, 7, 15, 30, 45, 60, 75, 90], sentAt.Select(second => (int)second));
        Assert.Equal(1, _outbox.Count);
        _outbox.Confirm(1, retry: false);
        Assert.Equal(0, _outbox.Count);
    }

    [Fact]
    public void SendDue_Many_LeavesRoomForWhatClientsAsk()
    {
        Outbox outbox = new(5_000, new EdgeClock(_time), () => _dropped++);
        for (int i = 1; i <= 2_500; i++) outbox.Add(Report(i), null);
        outbox.SendDue(() => _link);
        Assert.Equal(1_024, _link.Posted.Count);
        outbox.SendDue(() => _link);
        outbox.SendDue(() => _link);
        Assert.Equal(2_500, _link.Posted.Count);
    }

    [Fact]
    public void Unregister_Forgotten_IsNotSentAgain()
    {
        AddUnregister(null, untilMs: Now + 3_600_000);
        Assert.True(_outbox.Forget(1, "bob"));
        Assert.False(_outbox.Forget(1, "bob"));
        _outbox.SendDue(() => _link);
        Assert.Empty(_link.Posted);
    }

    [Fact]
    public void Confirm_OfAnEarlierTry_LeavesTheLaterReport()
    {
        Add(5);
        Add(5);   // the client's refresh made it try 1 again
        _outbox.Confirm(1, retry: false);
        _outbox.Confirm(1, retry: false);
        Assert.Equal(1, _outbox.Count);
        _outbox.LinkCut(_link);
        _outbox.SendDue(() => _link);
        Assert.Equal(2ul, Assert.Single(_link.Posted).DeliveryReport.Number);
    }

    [Fact]
    public void Unregister_Again_OnlyTheLastOneIsKept()
    {
        AddUnregister(_link, untilMs: Now + 3_600_000);
        Assert.True(_outbox.Forget(1, "bob"));
        AddUnregister(_link, untilMs: Now + 3_600_000);
        AddUnregister(_link, untilMs: Now + 3_600_000);
        _outbox.Confirm(1, retry: false);
        _outbox.Confirm(2, retry: false);
        Assert.Equal((1, true), (_outbox.Count, _outbox.HoldsUnregister(1, "bob")));
        _outbox.Confirm(3, retry: false);
        Assert.Equal((0, false), (_outbox.Count, _outbox.HoldsUnregister(1, "bob")));
    }

    [Fact]
    public void Outbox_Full_StaysBounded()
    {
        Add(1);
        Add(2);
        Add(3);
        Assert.Equal((2, 1), (_outbox.Count, _dropped));
    }

    /// <summary>Promise P2 without a repeat: what the core cannot find out by itself is kept longest.</summary>
    [Theory]
    [InlineData(DeliveryOutcome.AcceptedByDevice)]
    [InlineData(DeliveryOutcome.RefusedByDevice)]
    public void Outbox_Full_KeepsWhatADeviceAnsweredForGood(DeliveryOutcome outcome)
    {
        Add(1, outcome);
        Add(2, DeliveryOutcome.Failed);
        Add(3, outcome);                                        // in place of 2
        AddUnregister(_link, untilMs: Now + 3_600_000);         // in place of nothing
        Add(4, DeliveryOutcome.ExpiredAtEdge);
        _outbox.LinkCut(_link);
        _outbox.SendDue(() => _link);
        Assert.Equal([1, 3], _link.Posted.Select(happened => happened.DeliveryReport.Sequence).Order());
        Assert.False(_outbox.HoldsUnregister(1, "bob"));
        Add(5, outcome);
        Assert.Equal(2, _outbox.Count);
    }

    [Fact]
    public void Outbox_FullOfUnregistrations_TakesAReportInsteadOfOne()
    {
        AddUnregister(_link, untilMs: Now + 3_600_000);
        Add(1, DeliveryOutcome.AcceptedByDevice);
        Add(2, DeliveryOutcome.AcceptedByDevice);
        Assert.Equal((2, false), (_outbox.Count, _outbox.HoldsUnregister(1, "bob")));
    }

    private long Now => new EdgeClock(_time).NowMs;

    private void Pass(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _outbox.SendDue(() => _link);
    }

    private void AddUnregister(ICoreLink? sentOn, long untilMs) =>
        _outbox.Add(new EdgeEvent { Unregister = new Unregister { Flow = 1, User = "bob" } }, sentOn, untilMs);

    private void Add(long sequence, DeliveryOutcome outcome = DeliveryOutcome.Failed) => _outbox.Add(Report(sequence, outcome), _link);

    private static EdgeEvent Report(long sequence, DeliveryOutcome outcome = DeliveryOutcome.Failed) =>
        new() { DeliveryReport = new DeliveryReport { Flow = 1, User = "bob", Sequence = sequence, Outcome = outcome } };
}
