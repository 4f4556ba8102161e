using System.Text;
using System.Text.Json;
using Core.Store.Content;

namespace Core.Store.Tests.Content;

/// <summary>One text of <c>proto/edge/messages/v1/text-vectors.json</c>, which says what each field means.</summary>
public sealed record TextVector(
    string Name, string? Text, string? Utf8Hex, string? Utf16Hex, string Verdict, int Graphemes, int CodePoints, int Utf16Units, int Bytes, int Repeat = 1)
{
    /// <summary>What a client would send; a string that is not UTF-16, unit by unit as a careless one would encode it.</summary>
    public byte[] Utf8 =>
        Text is not null ? Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Text, Repeat)))
        : Utf8Hex is not null ? Convert.FromHexString(Utf8Hex)
        : [.. Utf16Hex!.Chunk(4).SelectMany(unit => Unpaired(Convert.ToUInt16(new string(unit), 16)))];

    public TextFault Fault => Verdict switch
    {
        "OK" => TextFault.None,
        "ILL_FORMED" => TextFault.IllFormed,
        "HOLDS_NUL" => TextFault.HoldsNul,
        "BLANK" => TextFault.Blank,
        "TOO_LONG" => TextFault.TooLong,
        _ => throw new InvalidDataException($"A verdict that the rules do not know: {Verdict}."),
    };

    private static byte[] Unpaired(ushort unit) =>
        unit < 0x80 ? [(byte)unit]
        : unit < 0x800 ? [(byte)(0xC0 | unit >> 6), (byte)(0x80 | unit & 0x3F)]
        : [(byte)(0xE0 | unit >> 12), (byte)(0x80 | unit >> 6 & 0x3F), (byte)(0x80 | unit & 0x3F)];
}

/// <summary>The vectors, by name.</summary>
public static class TextVectors
{
    private sealed record Document(int MaxCharacters, int MaxTextBytes, TextVector[] Cases);

    private static readonly Document Read = JsonSerializer.Deserialize<Document>(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "text-vectors.json")), JsonSerializerOptions.Web)!;

    public static TextLimits Limits => new() { MaxCharacters = Read.MaxCharacters, MaxTextBytes = Read.MaxTextBytes };

    public static IReadOnlyDictionary<string, TextVector> ByName { get; } = Read.Cases.ToDictionary(vector => vector.Name);
}
