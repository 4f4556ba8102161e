using Journey.Tests.Harness;
using Testing.Shared;

// One system serves all tests, one after the other: two cores are not enough for two at once, and some tests kill its core.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: AssemblyFixture(typeof(JourneySystem))]

namespace Journey.Tests.Harness;

/// <summary>Where the built programs are and how long the random tests go on.</summary>
internal static class Journeys
{
    /// <summary>The published native edge.</summary>
    public static string EdgeBinary { get; } = From("EDGE_BINARY", "artifacts/edge/Edge.Sip");

    /// <summary>The published core.</summary>
    public static string CoreAssembly { get; } = From("EDGE_CORE_ASSEMBLY", "artifacts/core/Api.Grpc.dll");

    /// <summary>The core published with sealing off.</summary>
    public static string UnsealedCoreAssembly { get; } = From("EDGE_CORE_UNSEALED_ASSEMBLY", "artifacts/core-unsealed/Api.Grpc.dll");

    /// <summary>The published development host.</summary>
    public static string DevHostAssembly { get; } = From("EDGE_DEV_HOST_ASSEMBLY", "artifacts/host/Dev.Host.dll");

    /// <summary>The built load kit.</summary>
    public static string LoadKit { get; } = From("EDGE_LOAD_KIT", "loadtests/Load/bin/Release/net10.0/Load.dll");

    /// <summary>Rounds of each test that kills the core: few in the suite, 100 by <c>tests/journeys --rounds 100</c>.</summary>
    public static int Rounds { get; } = int.TryParse(Environment.GetEnvironmentVariable("JOURNEY_ROUNDS"), out int rounds) ? rounds : 3;

    /// <summary>A file that has to be there; its absence says how to make it.</summary>
    public static string Required(string path, string made) =>
        File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: {made} makes it.");

    private static string From(string variable, string preset) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path ? path : Path.Combine(Repository.Root, preset);
}
