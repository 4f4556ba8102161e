using Api.Grpc.Rates;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.Rates;

/// <summary>The cell rate algorithm by a clock that only the test moves.</summary>
[Spec("N.quotas")]
public sealed class RateTableTests
{
    private static readonly TimeSpan Digit = TimeSpan.FromMicroseconds(1);
    private static readonly Rate TenThenFive = new(Burst: 10, PerSecond: 5);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Take_BurstUsedUp_WaitsForOneTokenAndPassesThen()
    {
        RateTable<string> table = new(_time, 100);
        Assert.Equal(10, TakeAll(table, "a", TenThenFive));
        Assert.InRange(Wait(table, "a", TenThenFive), TimeSpan.FromMilliseconds(200) - Digit, TimeSpan.FromMilliseconds(200) + Digit);
        _time.Advance(TimeSpan.FromMilliseconds(199));
        Assert.InRange(Wait(table, "a", TenThenFive), TimeSpan.FromMilliseconds(1) - Digit, TimeSpan.FromMilliseconds(1) + Digit);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, TakeAll(table, "a", TenThenFive));
    }

    [Fact]
    public void Take_ForAMinute_BurstAndRateExactly()
    {
        RateTable<string> table = new(_time, 100);
        int taken = 0;
        for (int tick = 0; tick < 6_000; tick++)
        {
            taken += TakeAll(table, "a", TenThenFive);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(taken, 10 + (60 * 5) - 1, 10 + (60 * 5));
    }

    [Fact]
    public void Take_AfterARest_NeverMoreThanTheBurst()
    {
        RateTable<string> table = new(_time, 100);
        TakeAll(table, "a", TenThenFive);
        _time.Advance(TimeSpan.FromHours(10));
        Assert.Equal(10, TakeAll(table, "a", TenThenFive));
    }

    [Fact]
    public void Take_OneKey_LeavesOthersAlone()
    {
        RateTable<string> table = new(_time, 100);
        TakeAll(table, "a", TenThenFive);
        Assert.Equal(10, TakeAll(table, "b", TenThenFive));
    }

    [Fact]
    public void Take_Overdrawn_ComesBackFirst()
    {
        RateTable<string> table = new(_time, 100);
        for (int i = 0; i < 15; i++) table.Take("a", TenThenFive, _time.GetTimestamp());
        Assert.InRange(Wait(table, "a", TenThenFive), TimeSpan.FromSeconds(1.2) - Digit, TimeSpan.FromSeconds(1.2) + Digit);
    }

    [Fact]   // a noisy account must not sit out in an hour what the new rate gives back in seconds
    [Spec("S5")]
    public void Wait_RateChangedMeanwhile_CountsForWhatWasUsedToo()
    {
        RateTable<string> table = new(_time, 100);
        TakeAll(table, "a", new Rate(100, 1));
        Assert.InRange(Wait(table, "a", new Rate(100, 50)), TimeSpan.FromMilliseconds(20) - Digit, TimeSpan.FromMilliseconds(20) + Digit);
        Assert.Equal(TimeSpan.Zero, Wait(table, "a", new Rate(101, 1)));
        Assert.InRange(Wait(table, "a", new Rate(10, 1)), TimeSpan.FromSeconds(91) - Digit, TimeSpan.FromSeconds(91) + Digit);
    }

    [Fact]
    public void Take_ManyKeys_IdleOnesAreForgotten()
    {
        RateTable<int> table = new(_time, 1_000);
        for (int key = 0; key < 100_000; key++)
        {
            table.Take(key, TenThenFive, _time.GetTimestamp());
            _time.Advance(TimeSpan.FromMilliseconds(10));   // a key is idle after 200 ms, 20 keys later
            Assert.InRange(table.Count, 1, 64);
        }
    }

    [Fact]
    public void Take_MoreKeysInUseThanFit_BoundedAndMostStillCounted()
    {
        RateTable<int> table = new(_time, 1_000);
        for (int key = 0; key < 10_000; key++)
        {
            table.Take(key, TenThenFive, _time.GetTimestamp());
            Assert.InRange(table.Count, 1, 1_000);
        }

        Assert.InRange(table.Count, 700, 1_000);
    }

    private int TakeAll(RateTable<string> table, string key, Rate rate)
    {
        int taken = 0;
        for (; Wait(table, key, rate) == TimeSpan.Zero; taken++) table.Take(key, rate, _time.GetTimestamp());
        return taken;
    }

    private TimeSpan Wait(RateTable<string> table, string key, Rate rate) => table.Wait(key, rate, _time.GetTimestamp());
}
