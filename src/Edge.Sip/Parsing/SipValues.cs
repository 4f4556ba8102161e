namespace Edge.Sip.Parsing;

/// <summary>Walks the comma-separated values of all headers of one kind, in order. Use with <c>foreach</c>.</summary>
/// <remarks>RFC 3261 §7.3.1: several headers of a kind are one list. A comma inside quotes or angle brackets does not split.</remarks>
internal ref struct SipValues
{
    private readonly SipHeaders _headers;
    private readonly SipHeader _id;
    private int _index;
    private ReadOnlySpan<byte> _rest;
    private bool _inHeader;

    internal SipValues(SipHeaders headers, SipHeader id)
    {
        _headers = headers;
        _id = id;
    }

    /// <summary>One value without outer blanks; empty for a stray comma.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>A quote or angle bracket is never closed: the value that held it was given whole, as one.</summary>
    public bool Faulty { get; private set; }

    public readonly SipValues GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_inHeader)
        {
            if (_index == _headers.Count) return false;
            if (_headers.Id(_index) == _id)
            {
                _rest = _headers.Value(_index);
                _inHeader = true;
            }

            _index++;
        }

        int comma = SipGrammar.FindComma(_rest);
        if (comma < 0)
        {
            Faulty = true;
            comma = _rest.Length;
        }

        Current = SipGrammar.Trim(_rest[..comma]);
        _inHeader = comma < _rest.Length;
        _rest = _inHeader ? _rest[(comma + 1)..] : default;
        return true;
    }
}
