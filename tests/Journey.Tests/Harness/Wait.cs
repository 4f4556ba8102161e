using System.Diagnostics;

namespace Journey.Tests.Harness;

/// <summary>Waiting for a condition with a deadline: the only way these tests wait.</summary>
internal static class Wait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Fails the test when the condition does not come true in time.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan deadline, string what)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > deadline)
            {
                Assert.Fail($"Not within {deadline.TotalSeconds:0.#} s: {what}");
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The same for a condition that is known at once.</summary>
    public static Task UntilAsync(Func<bool> condition, TimeSpan deadline, string what) => UntilAsync(() => Task.FromResult(condition()), deadline, what);
}
