using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Sip.Tests.CoreLink;

public class OutboxTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly NoLink _link = new();
    private readonly Outbox _outbox;

    public OutboxTests() => _outbox = new Outbox(2, new EdgeClock(_time), NullLogger.Instance);

    [Fact]
    public void Entry_Unconfirmed_IsSentAgainAfterACut()
    {
        Add(1);
        Add(2);
        _outbox.Confirm(new Reported { Flow = 1, User = "bob", Sequence = 1 });
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
        _outbox.Confirm(new Reported { Flow = 1, User = "bob", Sequence = 1, Retry = true });
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
    public void Unregister_NeverConfirmed_IsGivenUp()
    {
        _outbox.Add(1, "bob", 0, new EdgeEvent { Unregister = new Unregister() }, _link);
        for (int i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(15));
            _outbox.SendDue(() => _link);
        }

        Assert.Equal((0, 4), (_outbox.Count, _link.Posted.Count));
    }

    [Fact]
    public void Unregister_Forgotten_IsNotSentAgain()
    {
        _outbox.Add(1, "bob", 0, new EdgeEvent { Unregister = new Unregister() }, null);
        _outbox.Forget(1, "bob");
        _outbox.SendDue(() => _link);
        Assert.Empty(_link.Posted);
    }

    [Fact]
    public void Outbox_Full_StaysBounded()
    {
        Add(1);
        Add(2);
        Add(3);
        Assert.Equal(2, _outbox.Count);
    }

    private void Add(long sequence) =>
        _outbox.Add(1, "bob", sequence, new EdgeEvent { DeliveryReport = new DeliveryReport { Flow = 1, User = "bob", Sequence = sequence } }, _link);
}
