namespace Edge.Sip.Tests.Harness;

/// <summary>Waiting for a condition, with a deadline that fails the test.</summary>
internal static class Until
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        DateTime deadline = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"waited in vain: {what}");
            await Task.Delay(2);
        }
    }
}
