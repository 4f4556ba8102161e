using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>A received response, as slices of the receive buffer. It is taken or dropped, never answered.</summary>
internal readonly ref struct SipResponse
{
    private SipResponse(int status, ReadOnlySpan<byte> reason, SipHeaders headers, ReadOnlySpan<byte> body)
    {
        Status = status;
        Reason = reason;
        Headers = headers;
        Body = body;
    }

    /// <summary>100 to 699.</summary>
    public int Status { get; }

    /// <summary>Free text, may be empty; written by the peer, so never logged.</summary>
    public ReadOnlySpan<byte> Reason { get; }

    public SipHeaders Headers { get; }

    public ReadOnlySpan<byte> Body { get; }

    public bool IsFinal => Status >= 200;

    /// <summary>Parses a response: RFC 3261 §7.2.</summary>
    /// <inheritdoc cref="SipRequest.Parse"/>
    public static SipFault Parse(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<SipHeaderSlot> table, out SipResponse response)
    {
        response = default;
        int lineEnd = head.IndexOf("\r\n"u8);
        if (lineEnd < 0) return SipFault.BadStatusLine;
        ReadOnlySpan<byte> line = head[..lineEnd];
        if (line.Length < 11 || !Ascii.EqualsIgnoreCase(line[..8], "SIP/2.0 "u8)) return SipFault.BadStatusLine;
        if (!SipGrammar.TryReadNumber(line[8..11], 699, out long status) || status is < 100 or > 699) return SipFault.BadStatusLine;
        ReadOnlySpan<byte> reason = line[11..];
        if (!reason.IsEmpty && reason[0] != (byte)' ') return SipFault.BadStatusLine;   // a longer number; no blank at all is let pass
        SipFault fault = SipHeaders.Parse(head, lineEnd + 2, table, out SipHeaders headers);
        response = new SipResponse((int)status, reason.IsEmpty ? reason : reason[1..], headers, body);
        return fault;
    }

    /// <summary>Reads what matches a response to our request: exactly one Via (ours, RFC 3261 §8.1.3.3), Call-ID and CSeq.</summary>
    public SipFault Check(out SipResponseFields fields)
    {
        fields = default;
        if (!Headers.Has(SipHeader.Via) || !Headers.Has(SipHeader.CallId) || !Headers.Has(SipHeader.CSeq)) return SipFault.MissingHeader;
        if (Headers.IsRepeated(SipHeader.Via) || Headers.IsRepeated(SipHeader.CallId) || Headers.IsRepeated(SipHeader.CSeq)) return SipFault.RepeatedHeader;
        SipValues vias = Headers.Values(SipHeader.Via);
        if (!vias.MoveNext() || !SipVia.TryParse(vias.Current, out SipVia via) || vias.MoveNext() || vias.Faulty) return SipFault.BadVia;
        ReadOnlySpan<byte> callId = Headers.First(SipHeader.CallId);
        if (!SipRequestChecks.IsCallId(callId)) return SipFault.BadCallId;
        if (!SipCSeq.TryParse(Headers.First(SipHeader.CSeq), out SipCSeq cseq)) return SipFault.BadCSeq;
        fields = new SipResponseFields { Branch = via.Branch, CallId = callId, CSeq = cseq };
        return SipFault.None;
    }

    /// <summary>Hides what the peer wrote.</summary>
    public override string ToString() => $"{Status} response";
}

/// <summary>What matches a response to the request it answers.</summary>
internal readonly ref struct SipResponseFields
{
    public ReadOnlySpan<byte> Branch { get; internal init; }

    public ReadOnlySpan<byte> CallId { get; internal init; }

    public SipCSeq CSeq { get; internal init; }
}
