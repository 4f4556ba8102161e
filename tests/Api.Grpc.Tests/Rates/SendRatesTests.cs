using Api.Grpc.Rates;
using Api.Grpc.Tests.Support;
using Api.Grpc.Translation;
using Core.Store.Accounts;
using Core.Store.Limits;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.Rates;

/// <summary>The three rates of a sender, judged together.</summary>
[Spec("N.quotas")]
public sealed class SendRatesTests
{
    private static readonly AccountAddress Alice = RedisCore.Address("alice");
    private static readonly AccountAddress Bob = RedisCore.Address("bob");
    private static readonly AccountAddress Carol = RedisCore.Address("carol");

    private readonly FakeTimeProvider _time = new();
    private readonly TestLimits _limits = new();
    private readonly SendRates _rates;

    public SendRatesTests() => _rates = new SendRates(_time, _limits);

    [Fact]
    public void Take_Defaults_FiveHundredToOneAThousandInAll()
    {
        Assert.Equal(500, TakeAll(Bob));
        Assert.Equal(500, TakeAll(Carol));
        Assert.Equal(0, TakeAll(RedisCore.Address("dora")));
        Assert.Null(_rates.Take(Bob, Alice));   // another sender
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((50, 50, 0), (TakeAll(Bob), TakeAll(Carol), TakeAll(RedisCore.Address("dora"))));
    }

    [Fact]
    public void Take_Refused_UsesUpNothing()
    {
        Set(sender: new RateLimit(3, 1), pair: new RateLimit(1, 1));
        Assert.Null(_rates.Take(Alice, Bob));
        for (int i = 0; i < 100; i++) Assert.NotNull(_rates.Take(Alice, Bob));   // for the pair: no token of the sender goes
        Assert.Null(_rates.Take(Alice, Carol));
        Assert.Null(_rates.Take(Alice, RedisCore.Address("dora")));
        for (int i = 0; i < 100; i++) Assert.NotNull(_rates.Take(Alice, RedisCore.Address("erin")));   // for the sender: none of the pair
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_rates.Take(Alice, RedisCore.Address("erin")));
    }

    [Fact]
    public async Task Take_AtOnceFromManyThreads_ExactlyTheBurst()
    {
        Set(sender: new RateLimit(1_000, 1), pair: new RateLimit(500, 1));
        int[] taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Enumerable.Range(0, 400).Count(_ => _rates.Take(Alice, i % 2 == 0 ? Bob : Carol) is null))));
        Assert.Equal(1_000, taken.Sum());
    }

    [Fact]
    public void Take_SeveralRatesUsedUp_TheLongestWaitIsTold()
    {
        Set(sender: new RateLimit(1, 10), pair: new RateLimit(1, 1), unknown: 60);
        _rates.Take(Alice, Bob);
        Refused pair = _rates.Take(Alice, Bob)!;
        Assert.Equal((Reason.RateExceeded, 1), (pair.Reason, pair.RetryAfterSeconds));
        for (int i = 0; i < 62; i++) _rates.WasUnknown(Alice);   // three too many: the fourth second brings the next token
        Refused guessed = _rates.Take(Alice, Bob)!;
        Assert.Equal(3, guessed.RetryAfterSeconds);
        Assert.NotEqual(pair.Message, guessed.Message);
        _time.Advance(guessed.RetryAfter!.Value);
        Assert.Null(_rates.Take(Alice, Bob));
    }

    [Fact]
    public void WasUnknown_ThirtyInAMinute_EverythingOfTheSenderWaits()
    {
        for (int i = 0; i < 30; i++)
        {
            Assert.Null(_rates.Take(Alice, Bob));
            _rates.WasUnknown(Alice);
        }

        Refused refused = _rates.Take(Alice, Carol)!;
        Assert.Equal(TimeSpan.FromSeconds(2), refused.RetryAfter);
        Assert.Null(_rates.Take(Bob, Carol));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(_rates.Take(Alice, Carol));
    }

    [Fact]   // a flood of refused messages costs the store no more than its sender may send
    public void TryTakeLookup_Flood_NoMoreThanTheRateOfSends()
    {
        Set(sender: new RateLimit(5, 2), pair: new RateLimit(5, 2));
        Assert.Equal(5, Enumerable.Range(0, 100).Count(_ => _rates.TryTakeLookup(Alice)));
        Assert.Null(_rates.Take(Alice, Bob));   // a bucket of its own
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Enumerable.Range(0, 100).Count(_ => _rates.TryTakeLookup(Alice)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Flooding_NothingWouldPassAndLookupsUsedUp_OnlyThen(bool guessing)
    {
        Set(sender: new RateLimit(5, 1), pair: new RateLimit(5, 1), unknown: 1);
        if (guessing) _rates.WasUnknown(Alice);
        else TakeAll(Bob);
        Assert.NotNull(_rates.Take(Alice, Carol));
        Assert.Null(_rates.Flooding(Alice));   // it might be a repeat
        while (_rates.TryTakeLookup(Alice)) { }
        Refused refused = _rates.Flooding(Alice)!;
        Assert.Equal(_rates.Take(Alice, Carol), refused);
        Assert.Null(_rates.Flooding(Bob));
        _time.Advance(refused.RetryAfter!.Value);
        Assert.Null(_rates.Flooding(Alice));
    }

    [Fact]
    [Spec("S5")]
    public void Take_LimitsChanged_CountAtOnce()
    {
        Assert.Equal(500, TakeAll(Bob));
        Set(sender: new RateLimit(1_000, 10), pair: new RateLimit(510, 5));
        Assert.Equal(10, TakeAll(Bob));
    }

    private void Set(RateLimit sender, RateLimit pair, int unknown = 30) =>
        _limits.Current = new LimitSet { Sender = sender, Pair = pair, UnknownRecipientsPerMinute = unknown };

    private int TakeAll(AccountAddress recipient)
    {
        int taken = 0;
        while (_rates.Take(Alice, recipient) is null) taken++;
        return taken;
    }
}
