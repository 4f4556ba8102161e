using System.Globalization;

namespace Journey.Tests.Hostile;

/// <summary>How much is tried, by the environment; tests/fuzz and loadtests/hostile-peers set it.</summary>
internal static class HostileSettings
{
    /// <summary>The same seed makes the same messages and dialogues.</summary>
    public static ulong Seed { get; } = Number("EDGE_FUZZ_SEED", (ulong)Random.Shared.NextInt64(1_000_000_000));

    /// <summary>Changed messages over TLS.</summary>
    public static ulong Messages { get; } = Number("EDGE_FUZZ_TLS", 2_000);

    /// <summary>Changed dialogues.</summary>
    public static int Dialogues { get; } = (int)Number("EDGE_FUZZ_DIALOGUES", 60);

    /// <summary>Peers of each bad kind at once.</summary>
    public static int Peers { get; } = (int)Number("EDGE_HOSTILE_PEERS", 200);

    /// <summary>Whether this is the whole of it, with what is promised as the measure: loadtests/hostile-peers on a machine that does nothing else.</summary>
    public static bool IsFull => Peers >= 2_000;

    /// <summary>How long memory is waited for once they are gone.</summary>
    public static TimeSpan Settle { get; } = TimeSpan.FromSeconds(Number("EDGE_HOSTILE_SETTLE", 2));

    /// <summary>How long one address floods.</summary>
    public static TimeSpan Flood { get; } = TimeSpan.FromSeconds(Number("EDGE_HOSTILE_FLOOD", 4));

    /// <summary>How long the others are timed before and after it.</summary>
    public static TimeSpan Calm { get; } = TimeSpan.FromSeconds(Number("EDGE_HOSTILE_CALM", 1));

    private static ulong Number(string variable, ulong usual) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : usual;
}
