namespace Edge.Sip.Tests.Parsing;

/// <summary>A byte stream as it arrives: in reads.</summary>
public sealed class Pieces(string name, byte[][] reads)
{
    public IReadOnlyList<byte[]> Reads { get; } = reads;

    public static Pieces Whole(byte[] bytes) => new("whole", [bytes]);

    public static Pieces ByteByByte(byte[] bytes) => new("byte by byte", [.. bytes.Select(b => new[] { b })]);

    public static Pieces CutAt(byte[] bytes, int offset) => new($"cut at {offset}", [bytes[..offset], bytes[offset..]]);

    /// <summary>Whole, cut at each offset, byte by byte.</summary>
    public static IEnumerable<Pieces> Every(byte[] bytes)
    {
        yield return Whole(bytes);
        for (int offset = 1; offset < bytes.Length; offset++) yield return CutAt(bytes, offset);
        yield return ByteByByte(bytes);
    }

    public override string ToString() => name;
}
