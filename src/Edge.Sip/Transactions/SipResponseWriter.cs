using Edge.Sip.Parsing;

namespace Edge.Sip.Transactions;

/// <summary>Writes one response without a body into a buffer: status line, repeated headers, then whatever is added, then Content-Length.</summary>
/// <remarks>
/// <c>SipResponseWriter writer = new(buffer, 401, request, origin); writer.AddChallenge(...); int bytes = writer.Finish();</c>
/// Nothing is allocated. A response is whole or not there at all.
/// </remarks>
internal ref struct SipResponseWriter
{
    /// <summary>Room that is enough beside the request's head for every header added here, one Contact apart.</summary>
    public const int ExtraBytes = 2_048;

    private SipText _text;

    /// <summary>Begins the answer to a request that is still in the receive buffer.</summary>
    public SipResponseWriter(Span<byte> buffer, int status, in SipRequest request, scoped in ResponseOrigin origin)
    {
        _text = new SipText(buffer);
        StatusLine(status);
        ResponseLines.Write(ref _text, request, origin);
    }

    /// <summary>Begins the answer to a request of which only its <see cref="ResponseLines"/> were kept. Empty lines: an answer to a request that could not be read.</summary>
    public SipResponseWriter(Span<byte> buffer, int status, ReadOnlySpan<byte> responseLines)
    {
        _text = new SipText(buffer);
        StatusLine(status);
        _text.Raw(responseLines);
    }

    /// <summary>Any other header. A name that is no token, or a control byte in the value, fails the whole response.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => _text.Header(name, value);

    /// <summary>A digest challenge (RFC 7616 §3.3, RFC 8760). Call it in the order of preference: SHA-256, then MD5.</summary>
    /// <param name="algorithm">SHA-256 or MD5.</param>
    /// <param name="stale">The nonce was too old, the rest may be right: the client repeats without asking its user.</param>
    public void AddChallenge(ReadOnlySpan<byte> realm, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> algorithm, bool stale)
    {
        _text.Raw("WWW-Authenticate: Digest realm="u8);
        _text.Quoted(realm);
        _text.Raw(", nonce="u8);
        _text.Quoted(nonce);
        _text.Raw(", algorithm="u8);
        _text.Value(algorithm);
        _text.Raw(", qop=\"auth\""u8);
        if (stale) _text.Raw(", stale=true"u8);
        _text.EndLine();
    }

    /// <summary>One binding in the 200 of a REGISTER (RFC 3261 §10.3 step 8).</summary>
    /// <param name="instance">As <see cref="SipContact.Instance"/>; empty for none.</param>
    /// <param name="regId">0 for none.</param>
    public void AddContact(ReadOnlySpan<byte> uri, int expiresSeconds, ReadOnlySpan<byte> instance, int regId)
    {
        _text.Raw("Contact: "u8);
        _text.Bracketed(uri);
        _text.Raw(";expires="u8);
        _text.Number(expiresSeconds);
        if (!instance.IsEmpty)
        {
            _text.Raw(";+sip.instance="u8);
            _text.Quoted(instance);
        }

        if (regId > 0)
        {
            _text.Raw(";reg-id="u8);
            _text.Number(regId);
        }

        _text.EndLine();
    }

    /// <summary>For a 200 to a client that supports outbound (RFC 5626 §6): the flow is used, and how long it may be silent.</summary>
    public void AddOutbound(int flowTimerSeconds)
    {
        _text.Header("Require"u8, "outbound"u8);
        _text.Header("Flow-Timer"u8, flowTimerSeconds);
    }

    /// <summary>For 423.</summary>
    public void AddMinExpires(int seconds) => _text.Header("Min-Expires"u8, seconds);

    /// <summary>For 480 and 503.</summary>
    public void AddRetryAfter(long seconds) => _text.Header("Retry-After"u8, seconds);

    /// <summary>For 405 and OPTIONS.</summary>
    public void AddAllow() => _text.Header("Allow"u8, "REGISTER, MESSAGE, OPTIONS"u8);

    /// <summary>For 415 and OPTIONS.</summary>
    public void AddAccept() => _text.Header("Accept"u8, "text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml"u8);

    /// <summary>For 200 to REGISTER and OPTIONS.</summary>
    public void AddSupported() => _text.Header("Supported"u8, SipExtensions.Supported);

    /// <summary>For 200 to REGISTER (RFC 3261 §10.3 step 8).</summary>
    public void AddDate(DateTimeOffset now)
    {
        _text.Raw("Date: "u8);
        _text.Date(now);
        _text.EndLine();
    }

    /// <summary>For 420: what Require and Proxy-Require ask for and this server lacks (RFC 3261 §8.2.2.3).</summary>
    public void AddUnsupported(in SipHeaders headers)
    {
        bool any = false;
        AddUnsupported(headers.Values(SipHeader.Require), ref any);
        AddUnsupported(headers.Values(SipHeader.ProxyRequire), ref any);
        if (any) _text.EndLine();
    }

    /// <summary>A warning with code 399, miscellaneous (RFC 3261 §20.43).</summary>
    /// <param name="agent">Our domain.</param>
    /// <param name="text">Words for a person, without quotes and backslashes.</param>
    public void AddWarning(ReadOnlySpan<byte> agent, ReadOnlySpan<byte> text)
    {
        _text.Raw("Warning: 399 "u8);
        _text.Value(agent);
        _text.Raw(" "u8);
        _text.Quoted(text);
        _text.EndLine();
    }

    /// <returns>The response's bytes, or 0: it does not fit, or a value was refused.</returns>
    public int Finish()
    {
        _text.Raw("Content-Length: 0\r\n\r\n"u8);
        return _text.Length;
    }

    private void StatusLine(int status)
    {
        _text.Raw("SIP/2.0 "u8);
        _text.Number(status);
        _text.Raw(" "u8);
        _text.Raw(ReasonPhrases.Of(status));
        _text.EndLine();
    }

    private void AddUnsupported(SipValues tags, ref bool any)
    {
        while (tags.MoveNext())
        {
            if (SipExtensions.IsKnown(tags.Current) || !SipGrammar.IsToken(tags.Current)) continue;   // only tokens are repeated
            _text.Raw(any ? ","u8 : "Unsupported: "u8);   // no blank: very many short tags must not need more room than they came in
            _text.Raw(tags.Current);
            any = true;
        }
    }
}
