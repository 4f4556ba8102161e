using System.Globalization;
using System.Text;

namespace Fuzz.Mutation;

/// <summary>Changes SIP messages as somebody would who knows what they are made of: lines, names, numbers, words and the bytes between them.</summary>
/// <remarks>One thread at a time. What it makes depends on the seeds and the dice alone.</remarks>
public sealed class MessageMutator(IReadOnlyList<byte[]> seeds)
{
    /// <summary>Nothing longer is made: about twice what a connection holds.</summary>
    public const int MostBytes = 65_536;

    private const int MostChanges = 6;

    private static readonly byte[] Hostile = [0x00, 0x01, 0x09, 0x0A, 0x0B, 0x0D, 0x20, 0x22, 0x25, 0x27, 0x2A, 0x2C, 0x2F, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x40, 0x5B, 0x5C, 0x5D, 0x7F, 0x80, 0xC3, 0xFE, 0xFF];

    private static readonly byte[][] Numbers = Words(
        "0", "1", "-1", "+1", "255", "256", "8192", "8193", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "4294967301",
        "18446744073709551615", "18446744073709551621", "00000000000000000000005", "0x10", "1e3", "5, 5", "5 5", new string('9', 100));

    private static readonly byte[][] Dictionary = Words(
        "\r\n", "\r\n\r\n", "\r\n ", "\r\n\t", "\n", "\r", ";", ";;", ",", ",,", "<", ">", "<>", "\"", "\\\"", "\"\"", "\\", "=", ":", "@", "?", "%", "%00", "%0d%0a", "%2541", "*", "*;expires=0",
        ";lr", ";ob", ";transport=tls", ";transport=udp", ";maddr=192.0.2.1", ";tag=", ";tag=1", ";expires=0", ";expires=4294967296", ";reg-id=0", ";reg-id=2147483648", ";q=0.5", ";q=", ";received=1", ";rport",
        ";branch=z9hG4bK", ";branch=z9hG4bK1", ";branch=", ";+sip.instance=\"<urn:uuid:1>\"", "z9hG4bK", "sip:", "sips:", "sip:@", "tel:+1", "sip:bob@example.test", "sip:a@[::1]", "sip:a@[::", "SIP/2.0", "SIP/7.0", "SIP/2.0/TLS h",
        "SIP/2.0/UDP h:99999", "sip/2.0 200", "SIP/2.0 200 OK\r\n", "SIP/2.0 999 x\r\n", "Digest ", "Basic Og==", "username=\"bob\"", "realm=\"example.test\"", "nonce=\"\"", "algorithm=SHA-256", "algorithm=MD5", "qop=auth", "qop=auth-int", "nc=00000001",
        "Content-Length: 0\r\n", "l: 5\r\n", "Content-Length: 4000000000\r\n", "Content-Type: message/cpim\r\n", "Content-Type: multipart/mixed\r\n", "Content-Encoding: gzip\r\n", "Require: 100rel\r\n", "Require: \r\n", "Proxy-Require: x\r\n",
        "Max-Forwards: 0\r\n", "Max-Forwards: 256\r\n", "Expires: 0\r\n", "Expires: 99999999999\r\n", "Contact: *\r\n", "Path: <sip:p;lr>\r\n", "Route: <sip:r;lr>\r\n", "Via: SIP/2.0/TLS h;branch=z9hG4bK2\r\n", "X: y\r\n", " folded\r\n", "e\u0301", "\U0001F469\u200d\U0001F4BB", "\ufeff");

    private static readonly byte[][] Names = Words(
        "Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSeq", "Contact", "m", "Content-Length", "l", "Content-Type", "c", "Content-Encoding", "e", "Max-Forwards", "Expires", "Authorization", "Proxy-Authorization",
        "Require", "Supported", "k", "Path", "Route", "Record-Route", "Date", "User-Agent", "Accept", "Allow", "Warning", "Subject", "s", "Event", "o", "Refer-To", "r");

    private static readonly byte[][] Methods = Words("REGISTER", "MESSAGE", "OPTIONS", "INVITE", "ACK", "BYE", "CANCEL", "SUBSCRIBE", "NOTIFY", "PUBLISH", "PRACK", "INFO", "UPDATE", "REFER", "message", "RE%47ISTER", "X");

    private readonly Draft _draft = new(MostBytes);

    /// <summary>Makes one message; it stands until the next call.</summary>
    public ReadOnlySpan<byte> Next(ref Dice dice)
    {
        _draft.Load(seeds[dice.Next(seeds.Count)]);
        for (int changes = 1 + dice.Next(MostChanges); changes > 0; changes--) Change(ref dice);
        if (dice.OneIn(2)) MendLength();
        return _draft.Bytes;
    }

    /// <summary>Changes a message that is not one of the seeds.</summary>
    public ReadOnlySpan<byte> Change(ReadOnlySpan<byte> message, ref Dice dice)
    {
        _draft.Load(message);
        for (int changes = 1 + dice.Next(MostChanges); changes > 0; changes--) Change(ref dice);
        if (dice.OneIn(2)) MendLength();
        return _draft.Bytes;
    }

    private void Change(ref Dice dice)
    {
        int at = dice.Next(_draft.Length);
        switch (dice.Next(20))
        {
            case 0 when _draft.Length > 0:
                _draft.Bytes[at] ^= (byte)(1 << dice.Next(8));
                break;
            case 1 when _draft.Length > 0:
                _draft.Bytes[at] = Hostile[dice.Next(Hostile.Length)];
                break;
            case 2:
                _draft.Insert(at, [Hostile[dice.Next(Hostile.Length)]]);
                break;
            case 3:
                _draft.Remove(at, Math.Min(1 + dice.Next(dice.OneIn(4) ? 400 : 12), _draft.Length - at));
                break;
            case 4:
                Repeat(ref dice, at, Math.Min(1 + dice.Next(40), _draft.Length - at));
                break;
            case 5 or 6:
                _draft.Insert(at, Dictionary[dice.Next(Dictionary.Length)]);
                break;
            case 7 or 8:
                ReplaceRun(at, static b => b is >= (byte)'0' and <= (byte)'9', Numbers[dice.Next(Numbers.Length)]);
                break;
            case 9 or 10:
                ReplaceRun(at, static b => b is not ((byte)' ' or (byte)';' or (byte)',' or (byte)'=' or (byte)':' or (byte)'<' or (byte)'>' or (byte)'"' or (byte)'@' or (byte)'\r' or (byte)'\n'), Dictionary[dice.Next(Dictionary.Length)]);
                break;
            case 11:
                Cut(ref dice);
                break;
            case 12:
                CopyLine(ref dice, _draft.Bytes);
                break;
            case 13:
                CopyLine(ref dice, seeds[dice.Next(seeds.Count)]);
                break;
            case 14:
                Rename(ref dice);
                break;
            case 15:
                Fold(ref dice);
                break;
            case 16:
                Method(ref dice);
                break;
            case 17:
                Splice(ref dice, at);
                break;
            case 18:
                _draft.Insert(dice.OneIn(2) ? 0 : _draft.Length, seeds[dice.Next(seeds.Count)]);   // glued: two messages, or one inside the other's body
                break;
            default:
                MendLength();
                break;
        }
    }

    /// <summary>The same bytes again: a few times, and now and then until a limit is near.</summary>
    private void Repeat(ref Dice dice, int at, int length)
    {
        Span<byte> piece = stackalloc byte[length];
        _draft.Bytes.Slice(at, length).CopyTo(piece);
        int most = dice.OneIn(16) ? 9_000 / Math.Max(1, length) : 3;
        for (int times = 1 + dice.Next(most); times > 0; times--) _draft.Insert(at, piece);
    }

    /// <summary>Replaces the run of such bytes at a place, or the first one behind it.</summary>
    private void ReplaceRun(int at, Func<byte, bool> belongs, ReadOnlySpan<byte> with)
    {
        ReadOnlySpan<byte> bytes = _draft.Bytes;
        while (at < bytes.Length && !belongs(bytes[at])) at++;
        int start = at, end = at;
        while (start > 0 && belongs(bytes[start - 1])) start--;
        while (end < bytes.Length && belongs(bytes[end])) end++;
        _draft.Replace(start, end - start, with);
    }

    private void Cut(ref Dice dice)
    {
        (int start, int length) = _draft.Line(1 + dice.Next(_draft.Lines));
        _draft.Remove(start, length);
    }

    private void CopyLine(ref Dice dice, ReadOnlySpan<byte> from)
    {
        int end = from.IndexOf("\r\n\r\n"u8);
        if (end < 0) return;
        int start = from[..dice.Next(end)].LastIndexOf((byte)'\n') + 1;
        int length = from[start..].IndexOf((byte)'\n') + 1;
        Span<byte> line = stackalloc byte[Math.Min(length, 1_024)];
        from.Slice(start, line.Length).CopyTo(line);
        _draft.Insert(_draft.Line(1 + dice.Next(_draft.Lines)).Start, line);
    }

    private void Rename(ref Dice dice)
    {
        (int start, int length) = _draft.Line(1 + dice.Next(_draft.Lines));
        int colon = _draft.Bytes.Slice(start, length).IndexOf((byte)':');
        if (colon > 0) _draft.Replace(start, colon, Names[dice.Next(Names.Length)]);
    }

    private void Fold(ref Dice dice)
    {
        (int start, int length) = _draft.Line(1 + dice.Next(_draft.Lines));
        int blank = _draft.Bytes.Slice(start, length).IndexOfAny((byte)' ', (byte)';', (byte)',');
        if (blank > 0) _draft.Insert(start + blank, "\r\n "u8);
    }

    private void Method(ref Dice dice)
    {
        byte[] method = Methods[dice.Next(Methods.Length)];
        int blank = _draft.Bytes.IndexOf((byte)' ');
        if (blank > 0) _draft.Replace(0, blank, method);
        int cseq = _draft.Bytes.IndexOf("CSeq: "u8);
        if (cseq < 0 || dice.OneIn(4)) return;
        int number = _draft.Bytes[(cseq + 6)..].IndexOf((byte)' ');
        int end = _draft.Bytes[(cseq + 6)..].IndexOf((byte)'\r');
        if (number > 0 && end > number) _draft.Replace(cseq + 6 + number + 1, end - number - 1, method);
    }

    private void Splice(ref Dice dice, int at)
    {
        byte[] other = seeds[dice.Next(seeds.Count)];
        _draft.Replace(at, _draft.Length - at, other.AsSpan(dice.Next(other.Length)));
    }

    /// <summary>Makes Content-Length true again, so that what else was changed is looked at.</summary>
    private void MendLength()
    {
        ReadOnlySpan<byte> bytes = _draft.Bytes;
        int head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0) return;
        int name = bytes[..head].LastIndexOf("Content-Length: "u8);
        if (name < 0) return;
        int value = name + "Content-Length: ".Length;
        int end = bytes[value..].IndexOf((byte)'\r');
        if (end < 0) return;
        Span<byte> digits = stackalloc byte[11];
        _ = (bytes.Length - head - 4).TryFormat(digits, out int written, provider: CultureInfo.InvariantCulture);
        _draft.Replace(value, end, digits[..written]);
    }

    private static byte[][] Words(params string[] words) => [.. words.Select(Encoding.UTF8.GetBytes)];
}
