using Fuzz.Targets;

namespace Fuzz;

/// <summary>Something that takes bytes of a stranger. What a stranger may do must not make it throw.</summary>
/// <param name="Name">Also of its folder in Corpus.</param>
/// <param name="Run">Throws for a find, and for nothing else.</param>
internal sealed record FuzzTarget(string Name, FuzzTarget.Body Run)
{
    public delegate void Body(ReadOnlySpan<byte> bytes);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("framer", FramerTarget.Run),
        new("parser", ParserTarget.Run),
        new("session", SessionTarget.Run),
        new("uri", UriTarget.Run),
        new("digest", DigestTarget.Run),
        new("cpim", CpimTarget.Run),
        new("json", JsonTarget.Run),
        new("link-up", LinkUpTarget.Run),
        new("link-down", LinkDownTarget.Run),
    ];

    /// <summary>Its first inputs.</summary>
    public IReadOnlyList<byte[]> Corpus() => [.. Directory.EnumerateFiles(CorpusFolder(Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    public static string CorpusFolder(string name) => Path.Combine(AppContext.BaseDirectory, "Corpus", name);
}
