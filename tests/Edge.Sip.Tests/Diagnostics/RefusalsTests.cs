using System.Globalization;
using System.Text.RegularExpressions;
using Edge.Sip.Diagnostics;
using Edge.Sip.Tests.Harness;
using Testing.Shared;

namespace Edge.Sip.Tests.Diagnostics;

/// <summary>What has not happened yet is shown as 0.</summary>
public sealed partial class RefusalsTests
{
    /// <summary>The sources name each status beside its cause: none is left out.</summary>
    [Fact]
    public void All_HasEveryStatusAndCauseOfTheSources()
    {
        HashSet<(int, string)> named = [];
        foreach (string file in Directory.GetFiles(Path.Combine(Repository.Root, "src", "Edge.Sip"), "*.cs", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file);
            foreach (Match found in StatusAndCause().Matches(text)) named.Add((int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture), found.Groups[2].Value));
            foreach (Match found in Busy().Matches(text)) named.Add((503, found.Groups[1].Value));
        }

        Assert.InRange(named.Count, 25, 100);
        Assert.Empty(named.Except(Refusals.All));
        Assert.Equal(Refusals.All.Count(), Refusals.All.Distinct().Count());
    }

    [Fact]
    public async Task Start_NothingHasHappened_ClosedSetsAreThere()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        foreach ((int status, string cause) in Refusals.All) Assert.True(edge.Shows($"edge.requests.refused/{cause}") && edge.Shows($"edge.requests.refused/{status}"), cause);
        foreach (string series in (string[])
            [
                "edge.messages.dropped/notification", "edge.messages.dropped/composing", "edge.certificate.reads/taken", "edge.certificate.reads/refused", "edge.link.certificate.reads/taken",
                "edge.link.certificate.reads/refused", "edge.registers/queried", "edge.registers/busy", "edge.connections.refused/no_memory", "edge.connections.ended/idle_records", "edge.outbox.dropped",
            ])
        {
            Assert.True(edge.Shows(series), series);
            Assert.Equal(0, edge.Sum(series));
        }
    }

    [GeneratedRegex(@"Refused?\([^\n]*?\b(\d{3}), ""(\w+)""")]
    private static partial Regex StatusAndCause();

    [GeneratedRegex("\"(\\w+_busy)\"")]
    private static partial Regex Busy();
}
