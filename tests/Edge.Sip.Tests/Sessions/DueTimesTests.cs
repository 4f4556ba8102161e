using Edge.Sip.Parsing;
using Edge.Sip.Sessions;
using Edge.Sip.Tests.Harness;

namespace Edge.Sip.Tests.Sessions;

public sealed class DueTimesTests
{
    private readonly SessionTable _sessions = new();
    private ulong _flow;

    [Fact]   // more than a block holds
    public void Sessions_Many_AllAreDueUntilTheySayOtherwise()
    {
        SipSession[] many = [.. Enumerable.Range(0, (2 * DueTimes.Block.Places) + 1).Select(_ => Add())];
        Assert.Equal(many.ToHashSet(), Due(0).ToHashSet());
        foreach (SipSession session in many[1..]) session.DueMs = 100;
        Assert.Equal([many[0]], Due(99));
        Assert.Equal(many.Length, Due(100).Count());
    }

    [Fact]   // a connection that has ended may still be looked at, or be told of something
    public void Session_OutOfTheTable_HasNoSayInThePlaceOfTheNext()
    {
        SipSession first = Add();
        DueTimes.Place place = first.Due;
        _sessions.Remove(first);
        Assert.Empty(Due(long.MaxValue));
        SipSession second = Add();
        Assert.Equal(place, second.Due);
        second.DueMs = 50;
        first.DueMs = long.MaxValue;
        Assert.Equal([second], Due(50));
        first.DueBy(0);
        Assert.Empty(Due(49));
        Assert.Equal((long.MaxValue, 50), (first.DueMs, second.DueMs));
    }

    private SipSession Add()
    {
        SipSession session = new(new Nowhere(++_flow), new SipLimits(), 0);
        _sessions.Add(session);
        return session;
    }

    private IEnumerable<SipSession> Due(long now) => _sessions.DueTimes.Due(now);
}
