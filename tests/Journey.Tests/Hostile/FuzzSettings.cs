using System.Globalization;

namespace Journey.Tests.Hostile;

/// <summary>How much is tried, by the environment; tests/fuzz sets it.</summary>
internal static class FuzzSettings
{
    /// <summary>The same seed makes the same messages and dialogues.</summary>
    public static ulong Seed { get; } = Number("EDGE_FUZZ_SEED", (ulong)Random.Shared.NextInt64(1_000_000_000));

    /// <summary>Changed messages over TLS.</summary>
    public static ulong Messages { get; } = Number("EDGE_FUZZ_TLS", 2_000);

    /// <summary>Changed dialogues.</summary>
    public static int Dialogues { get; } = (int)Number("EDGE_FUZZ_DIALOGUES", 60);

    private static ulong Number(string variable, ulong usual) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : usual;
}
