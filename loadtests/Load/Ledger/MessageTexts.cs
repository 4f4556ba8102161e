using System.Buffers.Text;
using System.Text;
using Load.Scenarios;

namespace Load.Ledger;

/// <summary>The texts of a run: each has the run's and its own number in front, and can be made again from them to see that it came as it was sent.</summary>
internal sealed class MessageTexts
{
    /// <summary>Room for any of them.</summary>
    public const int MostBytes = 4_096;

    private const int Turns = 16;
    private const int HeadCharacters = 21;   // "#", 8 of the run, "-", 10 of the number, " "
    private const string Latin = "the quick brown fox jumps over the lazy dog and packs his box with five dozen liquor jugs, as they all do, again and again and again.";

    // Elements of one character each, however many bytes they have: flags, families, marks, several scripts.
    private static readonly string[] Mixed = ["日", "Ж", "é", "🇩🇪", "x", "👩‍👩‍👧‍👦", "ñ", "नि", "✅", "ß", "한", "👍🏽", "α", "ش", "o", "🏳️‍🌈"];

    private readonly byte[] _head;
    private readonly byte[][] _fillers;   // by script and turn

    /// <param name="run">Tells this run's texts from any other's.</param>
    public MessageTexts(uint run)
    {
        _head = Encoding.ASCII.GetBytes($"#{run:x8}-");
        _fillers = new byte[2 * Turns][];
        for (int turn = 0; turn < Turns; turn++)
        {
            _fillers[turn] = Encoding.ASCII.GetBytes(Rotate(Latin, turn * 7));
            _fillers[Turns + turn] = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 160).Select(i => Mixed[(i + turn) % Mixed.Length])));
        }
    }

    /// <summary>Writes the text with this number.</summary>
    /// <returns>Its bytes.</returns>
    public int Write(Span<byte> buffer, int sequence, int characters, Script script)
    {
        _head.CopyTo(buffer);
        _ = Utf8Formatter.TryFormat(sequence, buffer[_head.Length..], out _, new System.Buffers.StandardFormat('D', 10));
        buffer[HeadCharacters - 1] = (byte)' ';
        byte[] filler = _fillers[(script == Script.Mixed ? Turns : 0) + (sequence % Turns)];
        int bytes = script == Script.Latin ? Math.Min(characters - HeadCharacters, filler.Length) : BytesOf(characters - HeadCharacters, sequence % Turns);
        filler.AsSpan(0, bytes).CopyTo(buffer[HeadCharacters..]);
        return HeadCharacters + bytes;
    }

    /// <summary>Reads the number of a text of this run.</summary>
    /// <returns>-1 if it is none.</returns>
    public int ReadSequence(ReadOnlySpan<byte> text) =>
        text.Length >= HeadCharacters && text.StartsWith(_head) && Utf8Parser.TryParse(text.Slice(_head.Length, 10), out int sequence, out int digits) && digits == 10 ? sequence : -1;

    private static int BytesOf(int characters, int turn)
    {
        int bytes = 0;
        for (int i = 0; i < characters; i++) bytes += Encoding.UTF8.GetByteCount(Mixed[(i + turn) % Mixed.Length]);
        return bytes;
    }

    private static string Rotate(string text, int by) => text[(by % text.Length)..] + text[..(by % text.Length)] + text;
}
