using Edge.Sip.CoreLink;
using Testing.Shared;

namespace Edge.Sip.Tests.CoreLink;

/// <summary>Design: the edge maps an expiry by the smallest offset seen, so that a stalled link does not add life.</summary>
public class CoreClockTests
{
    private readonly CoreClock _clock = new();

    [Fact]
    [Spec("S14", "P5")]
    public void ToEdge_LateBatches_AddNoLife()
    {
        _clock.Observe(1_000, 500_000);
        _clock.Observe(9_000, 501_000);   // 7 s late
        Assert.Equal(2_000, _clock.ToEdge(501_000));
        Assert.Equal(501_000, _clock.ToCore(2_000));
    }

    [Fact]
    public void ToEdge_LessDelayed_CountsAtOnce()
    {
        _clock.Observe(1_000, 500_000);
        _clock.Observe(2_000, 501_050);
        Assert.Equal(1_950, _clock.ToEdge(501_000));
    }

    [Fact]
    public void ToEdge_CoreSetBack_IsFollowedAfterTwoWindows()
    {
        _clock.Observe(1_000, 500_000);
        _clock.Observe(301_000, 700_000);   // 100 s back
        Assert.Equal(2_000, _clock.ToEdge(501_000));
        _clock.Observe(602_000, 1_001_000);
        Assert.Equal(102_000, _clock.ToEdge(501_000));
    }
}
