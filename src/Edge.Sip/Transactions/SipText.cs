using System.Buffers.Text;
using System.Globalization;
using Edge.Sip.Parsing;

namespace Edge.Sip.Transactions;

/// <summary>Writes a head into a buffer. Overflow and forbidden values are remembered, not thrown: one check at the end.</summary>
/// <remarks>No value can end its line: CR, LF, NUL and other controls are refused in what we add, and dropped (CR, LF) from what we repeat.</remarks>
internal ref struct SipText(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;
    private int _length;

    /// <summary>The buffer was too small, or a value held what no header may.</summary>
    public bool Failed { get; private set; }

    /// <summary>Bytes written, 0 after a failure.</summary>
    public readonly int Length => Failed ? 0 : _length;

    /// <summary>Writes bytes as they are: text of ours and bodies.</summary>
    public void Raw(scoped ReadOnlySpan<byte> text)
    {
        if (Failed || !text.TryCopyTo(_buffer[_length..])) Failed = true;
        else _length += text.Length;
    }

    /// <summary>Writes a value of ours: a control byte in it fails the whole head.</summary>
    public void Value(ReadOnlySpan<byte> value)
    {
        foreach (byte b in value)
        {
            if (b is < 0x20 or 0x7F)
            {
                Failed = true;
                return;
            }
        }

        Raw(value);
    }

    /// <summary>Writes a quoted string of ours; what would need an escape is refused.</summary>
    public void Quoted(ReadOnlySpan<byte> value)
    {
        if (value.ContainsAny((byte)'"', (byte)'\\')) Failed = true;
        Raw("\""u8);
        Value(value);
        Raw("\""u8);
    }

    /// <summary>Writes a URI in angle brackets.</summary>
    public void Bracketed(ReadOnlySpan<byte> uri)
    {
        if (uri.IsEmpty || uri.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) || uri.ContainsAny((byte)'<', (byte)'>')) Failed = true;
        Raw("<"u8);
        Raw(uri);
        Raw(">"u8);
    }

    /// <summary>Repeats a value the peer sent, on one line: the CR LF of a fold goes, the blank behind it stays.</summary>
    public void Echo(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty)
        {
            int fold = value.IndexOfAny((byte)'\r', (byte)'\n');
            Raw(fold < 0 ? value : value[..fold]);
            value = fold < 0 ? default : value[(fold + 1)..];
        }
    }

    public void Number(long number)
    {
        if (Failed || !Utf8Formatter.TryFormat(number, _buffer[_length..], out int written)) Failed = true;
        else _length += written;
    }

    /// <summary>Writes a date as SIP wants it: GMT, RFC 1123 (RFC 3261 §20.17).</summary>
    public void Date(DateTimeOffset time)
    {
        if (Failed || !Utf8Formatter.TryFormat(time.ToUniversalTime(), _buffer[_length..], out int written, 'R')) Failed = true;
        else _length += written;
    }

    /// <summary>Writes a date as CPIM and XML want it: UTC, to the second (RFC 3339).</summary>
    public void Timestamp(DateTimeOffset time)
    {
        if (Failed || !time.UtcDateTime.TryFormat(_buffer[_length..], out int written, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)) Failed = true;
        else _length += written;
    }

    /// <summary>Writes text between XML tags; a control byte in it fails the whole.</summary>
    public void Xml(ReadOnlySpan<byte> value)
    {
        while (!Failed)
        {
            int special = value.IndexOfAny("&<>\"'"u8);
            Value(special < 0 ? value : value[..special]);
            if (special < 0) return;
            Raw(value[special] switch
            {
                (byte)'&' => "&amp;"u8,
                (byte)'<' => "&lt;"u8,
                (byte)'>' => "&gt;"u8,
                (byte)'"' => "&quot;"u8,
                _ => "&apos;"u8,
            });
            value = value[(special + 1)..];
        }
    }

    /// <summary>Writes a whole header of ours.</summary>
    public void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!SipGrammar.IsToken(name)) Failed = true;
        Raw(name);
        Raw(": "u8);
        Value(value);
        EndLine();
    }

    public void Header(ReadOnlySpan<byte> name, long value)
    {
        Raw(name);
        Raw(": "u8);
        Number(value);
        EndLine();
    }

    public void EndLine() => Raw("\r\n"u8);
}
