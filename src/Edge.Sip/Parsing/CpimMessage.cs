using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>A message/cpim body (RFC 3862) with what RFC 5438 adds: its content, its id, and what its sender wants to be told.</summary>
/// <remarks>
/// Headers, blank line, MIME headers of the content, blank line, content. Lines end with CR LF or, as some clients write them, LF alone.
/// Slices of the receive buffer, whose size bounds everything. From, To, cc, DateTime and Subject are not looked at: SIP says who sends, to whom and when.
/// </remarks>
internal readonly ref struct CpimMessage
{
    /// <summary>Longest imdn.Message-ID: receipts repeat it.</summary>
    public const int MostMessageIdBytes = 255;

    private const int MostHeaders = 64;   // real messages have five to ten in both blocks

    /// <summary>imdn.Message-ID, visible US-ASCII; empty without one.</summary>
    public ReadOnlySpan<byte> MessageId { get; private init; }

    /// <summary>imdn.Disposition-Notification lists positive-delivery.</summary>
    public bool WantsDelivered { get; private init; }

    /// <summary>imdn.Disposition-Notification lists negative-delivery.</summary>
    public bool WantsFailed { get; private init; }

    /// <summary>False if Require names a header this server does not act on, or the content is encoded: 415.</summary>
    public bool IsSupported { get; private init; }

    /// <summary>Content-Type of the content, may be folded; never empty.</summary>
    public ReadOnlySpan<byte> ContentType { get; private init; }

    /// <summary>The content, byte for byte.</summary>
    public ReadOnlySpan<byte> Content { get; private init; }

    /// <returns><see cref="SipFault.None"/> or <see cref="SipFault.BadCpim"/>. No input makes it throw or allocate.</returns>
    public static SipFault Parse(ReadOnlySpan<byte> body, out CpimMessage message)
    {
        message = default;
        ReadOnlySpan<byte> rest = body, id = default, required = default;
        ReadOnlySpan<byte> prefix = "imdn"u8;   // counts undeclared too: some clients forget the NS header
        bool hasId = false, wantsDelivered = false, wantsFailed = false;
        int headers = 0;
        while (true)
        {
            if (!TryTakeLine(ref rest, folds: false, out ReadOnlySpan<byte> line)) return SipFault.BadCpim;
            if (line.IsEmpty) break;
            if (++headers > MostHeaders || !TrySplit(line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)) return SipFault.BadCpim;
            if (Ascii.EqualsIgnoreCase(name, "NS"u8))
            {
                if (!TryDeclare(value, ref prefix)) return SipFault.BadCpim;
            }
            else if (Ascii.EqualsIgnoreCase(name, "Require"u8))
            {
                if (!required.IsEmpty) return SipFault.BadCpim;
                required = value;
            }
            else if (IsImdn(name, prefix, "Message-ID"u8))
            {
                if (hasId || value.Length is 0 or > MostMessageIdBytes || value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)) return SipFault.BadCpim;
                hasId = true;
                id = value;
            }
            else if (IsImdn(name, prefix, "Disposition-Notification"u8))
            {
                wantsDelivered |= Lists(value, "positive-delivery"u8);
                wantsFailed |= Lists(value, "negative-delivery"u8);
            }
        }

        bool understood = IsUnderstood(required, prefix);
        ReadOnlySpan<byte> type = default, length = default, transfer = default, encoding = default;
        while (true)
        {
            if (!TryTakeLine(ref rest, folds: true, out ReadOnlySpan<byte> line)) return SipFault.BadCpim;
            if (line.IsEmpty) break;
            if (++headers > MostHeaders || !TrySplit(line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)) return SipFault.BadCpim;
            bool once = true;
            if (Ascii.EqualsIgnoreCase(name, "Content-Type"u8)) once = TrySet(ref type, value);
            else if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8)) once = TrySet(ref length, value);
            else if (Ascii.EqualsIgnoreCase(name, "Content-Transfer-Encoding"u8)) once = TrySet(ref transfer, value);
            else if (Ascii.EqualsIgnoreCase(name, "Content-Encoding"u8)) once = TrySet(ref encoding, value);
            if (!once) return SipFault.BadCpim;
        }

        if (type.IsEmpty || !TryCut(ref rest, length)) return SipFault.BadCpim;
        message = new CpimMessage
        {
            MessageId = id,
            WantsDelivered = wantsDelivered,
            WantsFailed = wantsFailed,
            IsSupported = understood && IsPlain(transfer) && (encoding.IsEmpty || Ascii.EqualsIgnoreCase(encoding, "identity"u8)),
            ContentType = type,
            Content = rest,
        };
        return SipFault.None;
    }

    /// <summary>Hides the text: it never reaches a log.</summary>
    public override string ToString() => "message";

    /// <summary>Takes one line without its end.</summary>
    /// <param name="folds">Lines that begin with a blank go on the line before them, as MIME allows and CPIM does not.</param>
    /// <returns>False if the body ends before the line does.</returns>
    private static bool TryTakeLine(scoped ref ReadOnlySpan<byte> rest, bool folds, out ReadOnlySpan<byte> line)
    {
        line = default;
        int next = 0;
        do
        {
            int end = rest[next..].IndexOf((byte)'\n');
            if (end < 0) return false;
            next += end + 1;
            line = rest[..(next - 1)];
            if (!line.IsEmpty && line[^1] == (byte)'\r') line = line[..^1];
        }
        while (folds && !line.IsEmpty && next < rest.Length && rest[next] is (byte)' ' or (byte)'\t');
        rest = rest[next..];
        return true;
    }

    private static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        int colon = line.IndexOf((byte)':');
        name = colon < 1 ? default : line[..colon];
        value = colon < 1 ? default : SipGrammar.Trim(line[(colon + 1)..]);
        return colon > 0 && !name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);
    }

    private static bool TrySet(ref ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        if (!field.IsEmpty || value.IsEmpty) return false;
        field = value;
        return true;
    }

    /// <summary><c>NS: prefix &lt;uri&gt;</c>, or the default namespace without a prefix (RFC 3862 §3.4): which prefix RFC 5438's headers have from here on.</summary>
    private static bool TryDeclare(ReadOnlySpan<byte> value, ref ReadOnlySpan<byte> imdnPrefix)
    {
        int open = value.IndexOf((byte)'<');
        if (open < 0 || value[^1] != (byte)'>') return false;
        ReadOnlySpan<byte> prefix = SipGrammar.Trim(value[..open]);
        if (Ascii.EqualsIgnoreCase(value[(open + 1)..^1], "urn:ietf:params:imdn"u8)) imdnPrefix = prefix;
        else if (Ascii.EqualsIgnoreCase(prefix, imdnPrefix)) imdnPrefix = " "u8;   // now another's: no name has a blank in it
        return true;
    }

    private static bool IsImdn(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> known)
    {
        if (prefix.IsEmpty) return Ascii.EqualsIgnoreCase(name, known);
        return name.Length == prefix.Length + 1 + known.Length && name[prefix.Length] == (byte)'.'
            && Ascii.EqualsIgnoreCase(name[..prefix.Length], prefix) && Ascii.EqualsIgnoreCase(name[^known.Length..], known);
    }

    /// <summary>Whether a list names a notification, with or without parameters (RFC 5438 §6.2).</summary>
    private static bool Lists(ReadOnlySpan<byte> list, ReadOnlySpan<byte> wanted)
    {
        foreach (Range item in list.Split((byte)','))
        {
            ReadOnlySpan<byte> name = list[item];
            int parameters = name.IndexOf((byte)';');
            if (Ascii.EqualsIgnoreCase(SipGrammar.Trim(parameters < 0 ? name : name[..parameters]), wanted)) return true;
        }

        return false;
    }

    /// <summary>Whether everything that Require names is acted on here (RFC 3862 §4.7).</summary>
    private static bool IsUnderstood(ReadOnlySpan<byte> required, ReadOnlySpan<byte> prefix)
    {
        if (required.IsEmpty) return true;
        foreach (Range item in required.Split((byte)','))
        {
            ReadOnlySpan<byte> name = SipGrammar.Trim(required[item]);
            if (!IsImdn(name, prefix, "Message-ID"u8) && !IsImdn(name, prefix, "Disposition-Notification"u8)) return false;
        }

        return true;
    }

    private static bool IsPlain(ReadOnlySpan<byte> transfer) => transfer.IsEmpty || Ascii.EqualsIgnoreCase(transfer, "7bit"u8)
        || Ascii.EqualsIgnoreCase(transfer, "8bit"u8) || Ascii.EqualsIgnoreCase(transfer, "binary"u8) || Ascii.EqualsIgnoreCase(transfer, "identity"u8);

    /// <summary>Keeps what Content-Length says. Behind it only line ends may follow: text is refused, never cut.</summary>
    private static bool TryCut(ref ReadOnlySpan<byte> content, ReadOnlySpan<byte> length)
    {
        if (length.IsEmpty) return true;
        if (!SipGrammar.TryReadNumber(length, content.Length, out long bytes) || bytes > content.Length) return false;
        if (content[(int)bytes..].ContainsAnyExcept((byte)'\r', (byte)'\n')) return false;
        content = content[..(int)bytes];
        return true;
    }
}
