using Journey.Tests.Harness;

namespace Journey.Tests.Hostile;

/// <summary>What no client may cause: the end of a process, a fault of the edge or the core, an event that the link's protocol does not allow.</summary>
internal sealed class EdgeHealth
{
    private readonly JourneySystem _system;
    private readonly int _edge;
    private readonly int _core;
    private readonly int _lines;
    private readonly double _faults;

    private EdgeHealth(JourneySystem system, double faults) =>
        (_system, _edge, _core, _lines, _faults) = (system, system.Edge.Id, system.Core.Id, FaultLines(system).Count, faults);

    public static async Task<EdgeHealth> BeforeAsync(JourneySystem system) => new(system, await FaultsAsync(system));

    public async Task AssertUnhurtAsync()
    {
        Assert.True(_system.IsUp, "a process ended");
        Assert.Equal((_edge, _core), (_system.Edge.Id, _system.Core.Id));
        Assert.Equal([], FaultLines(_system).Skip(_lines));
        Assert.Equal(_faults, await FaultsAsync(_system));
    }

    private static async Task<double> FaultsAsync(JourneySystem system)
    {
        double internals = await system.MetricAsync(system.EdgeMetricsPort, "edge_connections_ended_total", "reason=\"internal_fault\"") + await system.MetricAsync(system.EdgeMetricsPort, "edge_registers_total", "outcome=\"fault\"");
        return internals + await system.MetricAsync(system.CoreMetricsPort, "edge_link_events_faulted_total") + await system.MetricAsync(system.CoreMetricsPort, "edge_link_events_malformed_total");
    }

    /// <summary>Warnings count too: what a client can cause at will is never one.</summary>
    private static List<string> FaultLines(JourneySystem system) =>
        [.. system.Edge.Lines.Where(static line => line.Contains("\"LogLevel\":\"Warning\"", StringComparison.Ordinal) || line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal) || line.Contains("\"LogLevel\":\"Critical\"", StringComparison.Ordinal))];
}
