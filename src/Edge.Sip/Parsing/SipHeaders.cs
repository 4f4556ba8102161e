namespace Edge.Sip.Parsing;

/// <summary>The headers of one message: slices of the receive buffer, done with before the buffer is released.</summary>
/// <remarks>RFC 3261 §7.3. Values are without outer blanks but still folded; the typed readers take folds as blanks.</remarks>
internal readonly ref struct SipHeaders
{
    private readonly ReadOnlySpan<byte> _head;
    private readonly ReadOnlySpan<SipHeaderSlot> _slots;
    private readonly ulong _present;
    private readonly ulong _repeated;

    private SipHeaders(ReadOnlySpan<byte> head, ReadOnlySpan<SipHeaderSlot> slots, ulong present, ulong repeated)
    {
        _head = head;
        _slots = slots;
        _present = present;
        _repeated = repeated;
    }

    /// <summary>Number of headers.</summary>
    public int Count => _slots.Length;

    /// <param name="head">The message's head; may lack its blank line.</param>
    /// <param name="start">Where the first header begins, behind the start line's CRLF.</param>
    /// <param name="table">Room for the headers; a message with more is refused.</param>
    /// <param name="headers">Every well-formed header, also after a fault: the answer needs Via, From, To, Call-ID and CSeq.</param>
    /// <returns>The first fault found.</returns>
    public static SipFault Parse(ReadOnlySpan<byte> head, int start, Span<SipHeaderSlot> table, out SipHeaders headers)
    {
        SipFault fault = SipFault.None;
        ulong present = 0, repeated = 0;
        int count = 0;
        int lineStart = start;
        while (lineStart < head.Length)
        {
            SipFault lineFault = FindLineEnd(head, lineStart, out int lineEnd, out int next);
            ReadOnlySpan<byte> line = head[lineStart..lineEnd];
            if (line.IsEmpty && lineFault == SipFault.None) break;   // the blank line

            SipHeaderSlot slot = default;
            if (lineFault == SipFault.None) lineFault = ReadLine(line, lineStart, out slot);
            if (lineFault == SipFault.None && count == table.Length) lineFault = SipFault.TooManyHeaders;
            if (lineFault == SipFault.None)
            {
                table[count++] = slot;
                ulong bit = 1UL << (int)slot.Id;
                repeated |= present & bit;
                present |= bit;
            }
            else if (fault == SipFault.None)
            {
                fault = lineFault;
            }

            lineStart = next;
        }

        headers = new SipHeaders(head, table[..count], present, repeated);
        return fault;
    }

    public bool Has(SipHeader id) => (_present & (1UL << (int)id)) != 0;

    /// <summary>Whether the header stands more than once (values in one comma-separated header are not counted).</summary>
    public bool IsRepeated(SipHeader id) => (_repeated & (1UL << (int)id)) != 0;

    /// <summary>The value of the first header of this kind; empty if there is none.</summary>
    public ReadOnlySpan<byte> First(SipHeader id)
    {
        if (!Has(id)) return default;
        foreach (ref readonly SipHeaderSlot slot in _slots)
        {
            if (slot.Id == id) return _head.Slice(slot.ValueStart, slot.ValueLength);
        }

        return default;
    }

    public SipHeader Id(int index) => _slots[index].Id;

    public ReadOnlySpan<byte> Name(int index) => _head.Slice(_slots[index].NameStart, _slots[index].NameLength);

    public ReadOnlySpan<byte> Value(int index) => _head.Slice(_slots[index].ValueStart, _slots[index].ValueLength);

    /// <summary>The values of all headers of this kind, split at their commas, in order.</summary>
    public SipValues Values(SipHeader id) => new(this, id);

    /// <summary>Whether a comma-separated list of tokens (Require, Supported, ...) names this one, in any case.</summary>
    public bool Lists(SipHeader id, ReadOnlySpan<byte> token)
    {
        foreach (ReadOnlySpan<byte> value in Values(id))
        {
            if (System.Text.Ascii.EqualsIgnoreCase(value, token)) return true;
        }

        return false;
    }

    /// <summary>Writes all values of this kind as one list on one line: what becomes of Path headers (RFC 3327 §5.3), for a later Route.</summary>
    /// <returns>Bytes written; 0 if there is none, it does not fit, or a value is no address in angle brackets.</returns>
    public int JoinAddresses(SipHeader id, Span<byte> list)
    {
        int length = 0;
        SipValues values = Values(id);
        while (values.MoveNext())
        {
            ReadOnlySpan<byte> value = values.Current;
            if (!SipAddress.TryParse(value, out _) || !value.Contains((byte)'>') || list.Length - length < value.Length + 2) return 0;
            if (length > 0)
            {
                ", "u8.CopyTo(list[length..]);
                length += 2;
            }

            length += SipGrammar.Unfold(value, list[length..]);
        }

        return values.Faulty ? 0 : length;
    }

    /// <summary>Splits one header line at its colon; blanks before the colon are allowed (HCOLON of §25.1).</summary>
    public static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        int colon = line.IndexOf((byte)':');
        if (colon < 1) return false;
        name = line[..colon].TrimEnd(" \t"u8);
        value = SipGrammar.Trim(line[(colon + 1)..]);
        return SipGrammar.IsToken(name);
    }

    private static SipFault ReadLine(ReadOnlySpan<byte> line, int lineStart, out SipHeaderSlot slot)
    {
        slot = default;
        if (!TrySplit(line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)) return SipFault.BadHeader;
        int valueStart = line.IndexOf((byte)':') + 1;
        ReadOnlySpan<byte> after = line[valueStart..];
        int blanks = after.IndexOfAnyExcept(SipGrammar.Blanks);
        slot = new SipHeaderSlot
        {
            Id = SipHeaderNames.Match(name),
            NameStart = lineStart,
            NameLength = name.Length,
            ValueStart = lineStart + valueStart + Math.Max(blanks, 0),
            ValueLength = value.Length,
        };
        return SipFault.None;
    }

    /// <summary>The end of a header with its folded lines. A CR or LF of its own is a fault: such a line is never passed on.</summary>
    private static SipFault FindLineEnd(ReadOnlySpan<byte> head, int start, out int end, out int next)
    {
        SipFault fault = SipFault.None;
        int at = start;
        while (true)
        {
            int found = head[at..].IndexOfAny((byte)'\r', (byte)'\n');
            if (found < 0)
            {
                end = next = head.Length;
                return SipFault.BadLineEnd;
            }

            at += found;
            if (head[at] != (byte)'\r' || at + 1 == head.Length || head[at + 1] != (byte)'\n')
            {
                fault = SipFault.BadLineEnd;
                at++;
                continue;
            }

            end = at;
            next = at + 2;
            bool folded = at > start && next < head.Length && head[next] is (byte)' ' or (byte)'\t';
            if (!folded) return fault;
            at = next;
        }
    }
}
