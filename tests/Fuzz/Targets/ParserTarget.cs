using Edge.Sip.Tests.Parsing;

namespace Fuzz.Targets;

/// <summary>Start line, headers, every typed value, and the answer written from them, without a framer that would keep the worst away.</summary>
internal static class ParserTarget
{
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= 65_536) MessageReader.ReadEverything(bytes);
    }
}
