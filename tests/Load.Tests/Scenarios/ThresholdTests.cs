using Load.Reports;
using Load.Scenarios;

namespace Load.Tests.Scenarios;

/// <summary>Thresholds as people write them.</summary>
public sealed class ThresholdTests
{
    [Theory]
    [InlineData("deliver.p99 < 200ms", 199.9, true)]
    [InlineData("deliver.p99 < 200ms", 200, false)]
    [InlineData("accept.p99.9<=1.5s", 1500, true)]
    [InlineData("lost == 0", 0, true)]
    [InlineData("lost == 0", 1, false)]
    [InlineData("delivered.rate >= 500", 500, true)]
    [InlineData("delivered.rate > 500", 500, false)]
    [InlineData("errors.share < 0.1%", 0.0009, true)]
    [InlineData("errors.share < 0.1%", 0.001, false)]
    [InlineData("deliver.count > 10", 11, true)]
    public void Threshold_AtItsBound_HoldsOrNot(string text, double value, bool holds)
    {
        Assert.True(Threshold.TryParse(text, out Threshold threshold, out string why), why);
        Assert.Equal(holds, threshold.Holds(value));
    }

    [Theory]
    [InlineData("deliver.p99")]
    [InlineData("speed < 3")]
    [InlineData("deliver.p99 < fast")]
    [InlineData("lost == none")]
    [InlineData("lost = 0")]
    public void Threshold_ThatIsNone_IsRefusedWithAReason(string text)
    {
        Assert.False(Threshold.TryParse(text, out _, out string why));
        Assert.NotEmpty(why);
    }

    /// <summary>A threshold on something that never happened must not pass in silence.</summary>
    [Fact]
    public void Judge_NothingMeasured_DoesNotHold()
    {
        ThresholdResult result = ResultBuilder.Judge("deliver.p99 < 200ms", new Dictionary<string, double>());
        Assert.Equal((null, false), (result.Value, result.Held));
    }

    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("10s", 10)]
    [InlineData("1.5m", 90)]
    [InlineData("72h", 259_200)]
    [InlineData("50us", 0.00005)]
    public void Duration_Written_IsReadAndWrittenBack(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out TimeSpan length));
        Assert.Equal(seconds, length.TotalSeconds, 9);
        Assert.True(Durations.TryParse(Durations.Format(length), out TimeSpan again));
        Assert.Equal(length, again);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 day")]
    [InlineData("1e9h")]
    public void Duration_ThatIsNone_IsRefused(string text) => Assert.False(Durations.TryParse(text, out _));
}
