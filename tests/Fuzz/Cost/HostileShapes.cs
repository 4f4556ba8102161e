using System.Text;

namespace Fuzz.Cost;

/// <summary>Messages that grow in one way alone: what somebody sends who looks for work that grows faster than bytes.</summary>
internal static class HostileShapes
{
    private const string Start = "MESSAGE sip:alice@example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nTo: <sip:a@e>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n";
    private const string From = "From: <sip:b@e>;tag=1\r\n";
    private const string End = "\r\nContent-Length: 0\r\n\r\n";

    /// <summary>Name, and the message with about so many bytes of it.</summary>
    public static IReadOnlyList<(string Name, Func<int, byte[]> Make, bool ByByte)> All { get; } =
    [
        ("folds", Shape($"{Start}{From}X: a", "\r\n a", End), false),
        ("quotes", Shape($"{Start}From: ", "\"\"", $" <sip:b@e>;tag=1{End}"), false),
        ("escapes in quotes", Shape($"{Start}From: \"", "\\\"", $"\" <sip:b@e>;tag=1{End}"), false),
        ("commas", Shape($"{Start}{From}Require: a", ",a", End), false),
        ("empty commas", Shape($"{Start}{From}Via: ", ",", End), false),
        ("semicolons", Shape($"{Start}From: <sip:b@e>", ";", End), false),
        ("parameters", Shape($"{Start}From: <sip:b@e>", ";a=\"b\"", End), false),
        ("angle brackets", Shape($"{Start}{From}Contact: <sip:a@h>", ",<sip:a@h>", End), false),
        ("open brackets", Shape($"{Start}{From}Contact: ", "<", End), false),
        ("escapes in a URI", Shape($"{Start}From: <sip:", "%41", $"@e>;tag=1{End}"), false),
        ("headers", Shape($"{Start}{From}X: y", "\r\nX: y", End), false),
        ("Vias", Shape($"{Start}{From}v: SIP/2.0/TLS h", "\r\nv: SIP/2.0/TLS h", End), false),
        ("digest parameters", Shape($"{Start}{From}Authorization: Digest username=\"b\"", ",x=\"\\\\\"", End), false),
        ("blanks", Shape($"{Start}{From}X:", " \t", $"y{End}"), false),
        ("CRLFs", Shape(string.Empty, "\r\n\r\n", string.Empty), false),
        ("messages", Shape(string.Empty, $"{Start}{From}{End[2..]}", string.Empty), false),
        ("one byte a read", Shape($"{Start}{From}X: y", "\r\nX: y", End), true),
        ("one CRLF byte a read", Shape(string.Empty, "\r\n\r\n", string.Empty), true),
    ];

    private static Func<int, byte[]> Shape(string start, string repeated, string end) =>
        bytes => Encoding.Latin1.GetBytes(start + string.Concat(Enumerable.Repeat(repeated, bytes / repeated.Length)) + end);
}
