namespace Edge.Sip.Parsing;

/// <summary>Finds where messages begin and end in a byte stream: RFC 3261 §7.5, §18.3; RFC 5626 §3.5.1 for pings.</summary>
/// <remarks>
/// One a connection, a field of its owner: 48 bytes. It remembers how far it looked, so each byte of a head is searched once
/// however the bytes arrive. All limits are enforced here, before anything is parsed, and on lines that are not whole yet. What
/// it returns depends on the bytes alone, not on how they were cut.
/// CRLFs count in pairs wherever the reads were cut, so a client that keeps alive with lone CRLFs gets a CRLF for every second one.
/// </remarks>
internal struct SipFramer
{
    private readonly SipLimits _limits;
    private int _scanned;         // searched for line ends up to here
    private int _lineStart;       // start of the line under way
    private int _headersStart;    // behind the start line's CRLF; 0 while that line is under way
    private int _headerStart;     // start of the last header, folded lines included; 0 if there is none
    private int _headers;
    private int _vias;
    private int _contentLength;   // -1 until the header was seen
    private int _headBytes;       // 0 until the blank line was seen
    private bool _afterCrlf;      // the bytes just consumed were an odd CRLF
    private SipFault _headFault;  // known before the blank line; told at it, so that the answer can hold every header
    private SipFault _fault;

    public SipFramer(SipLimits limits)
    {
        _limits = limits;
        _contentLength = -1;
    }

    /// <summary>Looks at the front of the unread bytes.</summary>
    /// <param name="unread">All bytes received and not yet consumed: the same as at the last call, less what that consumed, plus what came since.</param>
    /// <returns>A fault is final: every later call returns it again.</returns>
    public SipFrame Next(ReadOnlySpan<byte> unread)
    {
        if (_fault != SipFault.None) return new SipFrame { Kind = SipFrameKind.Fault, Fault = _fault };
        int start = 0;
        if (_scanned == 0)
        {
            SipFrame blank = SkipBlankLines(unread, out start);
            if (blank.Kind != SipFrameKind.Message) return blank;
        }

        ReadOnlySpan<byte> message = unread[start..];
        while (_headBytes == 0)
        {
            int found = message[_scanned..].IndexOfAny((byte)'\r', (byte)'\n');
            int end = found < 0 ? message.Length : _scanned + found;
            SipFault fault = CheckLengths(message, end);
            if (fault != SipFault.None) return Fail(fault, start);
            _scanned = end;
            if (found < 0) return new SipFrame { Kind = SipFrameKind.NeedMore, Consumed = start };
            if (message[end] == (byte)'\n') return Fail(SipFault.BadLineEnd, start);
            if (end + 1 == message.Length) return new SipFrame { Kind = SipFrameKind.NeedMore, Consumed = start };
            if (message[end + 1] != (byte)'\n') return Fail(SipFault.BadLineEnd, start);
            fault = TakeLine(message, end);
            if (fault != SipFault.None) return Fail(fault, start);
            _scanned = _lineStart = end + 2;
        }

        if (message.Length - _headBytes < _contentLength) return new SipFrame { Kind = SipFrameKind.NeedMore, Consumed = start };
        SipFrame whole = new()
        {
            Kind = SipFrameKind.Message,
            Start = start,
            HeadBytes = _headBytes,
            BodyBytes = _contentLength,
            Consumed = start + _headBytes + _contentLength,
        };
        this = new SipFramer(_limits);
        return whole;
    }

    /// <summary>Skips CRLFs between messages. Returns <see cref="SipFrameKind.Message"/> when something else begins at <paramref name="start"/>.</summary>
    private SipFrame SkipBlankLines(ReadOnlySpan<byte> unread, out int start)
    {
        start = 0;
        while (true)
        {
            if (start == unread.Length) return new SipFrame { Kind = SipFrameKind.NeedMore, Consumed = start };
            if (unread[start] == (byte)'\n') return Fail(SipFault.BadLineEnd, start);
            if (unread[start] != (byte)'\r') break;
            if (start + 1 == unread.Length) return new SipFrame { Kind = SipFrameKind.NeedMore, Consumed = start };
            if (unread[start + 1] != (byte)'\n') return Fail(SipFault.BadLineEnd, start);
            start += 2;
            _afterCrlf = !_afterCrlf;
            if (!_afterCrlf) return new SipFrame { Kind = SipFrameKind.Ping, Consumed = start };
        }

        _afterCrlf = false;
        return new SipFrame { Kind = SipFrameKind.Message };
    }

    /// <summary>Whether the line under way, known up to <paramref name="end"/>, breaks a limit: the one that is reached first.</summary>
    private readonly SipFault CheckLengths(ReadOnlySpan<byte> message, int end)
    {
        if (_headersStart == 0) return end > _limits.RequestLineBytes ? SipFault.RequestLineTooLong : SipFault.None;
        bool folded = _headerStart > 0 && end > _lineStart && message[_lineStart] is (byte)' ' or (byte)'\t';
        int lineLimit = (folded ? _headerStart : _lineStart) + _limits.HeaderLineBytes;
        int blockLimit = _headersStart + _limits.HeaderBlockBytes - 2;   // this line's CRLF counts too
        if (end <= Math.Min(lineLimit, blockLimit)) return SipFault.None;
        return lineLimit < blockLimit ? SipFault.HeaderLineTooLong : SipFault.HeaderBlockTooLong;
    }

    private SipFault TakeLine(ReadOnlySpan<byte> message, int end)
    {
        if (_headersStart == 0)
        {
            _headersStart = end + 2;
            return SipFault.None;
        }

        if (end == _lineStart)
        {
            TakeHeader(message);
            _headBytes = end + 2;
            if (_headFault != SipFault.None) return _headFault;
            if (_contentLength < 0) return SipFault.MissingContentLength;
            return _contentLength > _limits.BodyBytes ? SipFault.BodyTooLarge : SipFault.None;
        }

        if (_headerStart > 0 && message[_lineStart] is (byte)' ' or (byte)'\t') return SipFault.None;   // folded: the header goes on
        TakeHeader(message);
        _headerStart = _lineStart;
        return ++_headers > _limits.Headers ? SipFault.TooManyHeaders : SipFault.None;
    }

    /// <summary>Looks at the header that ends before the line under way: two of them matter here.</summary>
    private void TakeHeader(ReadOnlySpan<byte> message)
    {
        if (_headerStart == 0 || !SipHeaders.TrySplit(message[_headerStart..(_lineStart - 2)], out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)) return;
        SipFault fault = SipHeaderNames.Match(name) switch
        {
            SipHeader.ContentLength => TakeContentLength(value),
            SipHeader.Via => TakeVia(value),
            _ => SipFault.None,
        };
        if (_headFault == SipFault.None) _headFault = fault;
    }

    /// <summary>Digits and nothing else, once: two lengths, equal or not, are how requests are smuggled past one of two readers.</summary>
    private SipFault TakeContentLength(ReadOnlySpan<byte> value)
    {
        if (_contentLength >= 0) return SipFault.RepeatedContentLength;
        if (!SipGrammar.TryReadNumber(value, _limits.BodyBytes, out long bytes)) return SipFault.BadContentLength;
        _contentLength = (int)bytes;   // at most one above the limit
        return SipFault.None;
    }

    private SipFault TakeVia(ReadOnlySpan<byte> value)
    {
        while (true)
        {
            if (++_vias > _limits.Vias) return SipFault.TooManyVias;
            int comma = SipGrammar.FindComma(value);
            if (comma < 0 || comma == value.Length) return SipFault.None;
            value = value[(comma + 1)..];
        }
    }

    private SipFrame Fail(SipFault fault, int start)
    {
        _fault = fault;
        int whole = _headBytes > 0 ? _headBytes : Math.Max(_headerStart, _headersStart);   // an unfinished header is left out
        return new SipFrame { Kind = SipFrameKind.Fault, Fault = fault, Start = start, HeadBytes = whole };
    }
}
