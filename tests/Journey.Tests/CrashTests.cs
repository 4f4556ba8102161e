using Journey.Tests.Harness;
using Testing.Shared;

namespace Journey.Tests;

/// <summary>What is left of a process that crashes: nothing with texts or keys in it.</summary>
public sealed class CrashTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    /// <summary>Spec S9: no crash output. The limit is the process's own, whatever it was started with, and cannot be raised again.</summary>
    [Fact]
    [Spec("S9")]
    public async Task SegmentationFault_CoreAndEdge_NoDumpIsWritten()
    {
        await using JourneySystem system = new();
        await system.InitializeAsync();
        string[] before = Files(system);
        foreach (ChildProcess process in (ChildProcess[])[system.Core, system.Edge])
        {
            Assert.Matches(@"Max core file size\s+0\s+0\s", await File.ReadAllTextAsync($"/proc/{process.Id}/limits", TestContext.Current.CancellationToken));
            // The runtime's handler takes the first for a fault of foreign code and hands it on, to come again: that from outside does not by itself.
            // Two that wait at the same time are one, so it is sent until the process has seen two.
            Task<int> ended = process.ExitCodeAsync(Soon);
            while (await Task.WhenAny(ended, process.SignalAsync("SEGV")) != ended)
            {
                // Bounded by the deadline of the exit.
            }

            Assert.NotEqual(0, await ended);
        }

        Assert.Equal(before, Files(system));
    }

    /// <summary>But for those of Redis, which goes on.</summary>
    private static string[] Files(JourneySystem system) =>
        [.. Directory.GetFiles(system.Folder, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(system.In("redis"), StringComparison.Ordinal)).Order()];
}
