namespace Edge.Sip.Parsing;

/// <summary>What a server checks of any request before it looks at the method: RFC 3261 §8.1.1, §8.2, §16.3.</summary>
internal static class SipRequestChecks
{
    /// <summary>Reads and checks Via, From, To, Call-ID, CSeq, Max-Forwards and the Request-URI, in this order.</summary>
    /// <param name="request">A request that <see cref="SipRequest.Parse"/> had no fault with.</param>
    /// <param name="fields">What was read; on a fault as far as it got.</param>
    public static SipFault Check(scoped in SipRequest request, out SipRequestFields fields)
    {
        fields = new SipRequestFields { MaxForwards = 70 };
        SipHeaders headers = request.Headers;
        if (!headers.Has(SipHeader.Via) || !headers.Has(SipHeader.From) || !headers.Has(SipHeader.To)
            || !headers.Has(SipHeader.CallId) || !headers.Has(SipHeader.CSeq))
        {
            return SipFault.MissingHeader;
        }

        // Never pick one of two identities, lengths or types.
        if (headers.IsRepeated(SipHeader.From) || headers.IsRepeated(SipHeader.To) || headers.IsRepeated(SipHeader.CallId)
            || headers.IsRepeated(SipHeader.CSeq) || headers.IsRepeated(SipHeader.MaxForwards)
            || headers.IsRepeated(SipHeader.ContentType) || headers.IsRepeated(SipHeader.ContentLength)
            || headers.IsRepeated(SipHeader.Expires))
        {
            return SipFault.RepeatedHeader;
        }

        if (!ReadVias(headers, ref fields)) return SipFault.BadVia;
        if (!SipAddress.TryParse(headers.First(SipHeader.From), out SipAddress from)) return SipFault.BadFrom;
        fields.From = from;
        if (!SipAddress.TryParse(headers.First(SipHeader.To), out SipAddress to)) return SipFault.BadTo;
        fields.To = to;
        fields.CallId = headers.First(SipHeader.CallId);
        if (!IsCallId(fields.CallId)) return SipFault.BadCallId;
        if (!SipCSeq.TryParse(headers.First(SipHeader.CSeq), out SipCSeq cseq)) return SipFault.BadCSeq;
        fields.CSeq = cseq;
        if (!cseq.Method.SequenceEqual(request.MethodName)) return SipFault.CSeqMethodMismatch;
        if (headers.Has(SipHeader.MaxForwards))
        {
            if (!SipGrammar.TryReadNumber(headers.First(SipHeader.MaxForwards), 255, out long hops) || hops > 255) return SipFault.BadMaxForwards;
            fields.MaxForwards = (int)hops;
        }

        SipFault fault = SipUri.Parse(request.Uri, out SipUri uri);
        fields.Uri = uri;
        if (fault == SipFault.None && uri.HasHeaders) return SipFault.BadRequestUri;   // §19.1.1: none in a Request-URI
        return fault == SipFault.BadUri ? SipFault.BadRequestUri : fault;
    }

    /// <summary>The first extension that Require or Proxy-Require asks for and this server lacks; empty if there is none (RFC 3261 §8.2.2.3).</summary>
    public static bool HasUnknownExtension(in SipHeaders headers)
    {
        foreach (ReadOnlySpan<byte> tag in headers.Values(SipHeader.Require))
        {
            if (!SipExtensions.IsKnown(tag)) return true;
        }

        foreach (ReadOnlySpan<byte> tag in headers.Values(SipHeader.ProxyRequire))
        {
            if (!SipExtensions.IsKnown(tag)) return true;
        }

        return false;
    }

    /// <summary>A Call-ID: one word of visible bytes.</summary>
    public static bool IsCallId(ReadOnlySpan<byte> callId) => !callId.IsEmpty && !callId.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);

    private static bool ReadVias(in SipHeaders headers, ref SipRequestFields fields)
    {
        SipValues vias = headers.Values(SipHeader.Via);
        while (vias.MoveNext())
        {
            if (!SipVia.TryParse(vias.Current, out SipVia via)) return false;
            if (fields.ViaCount++ == 0) fields.Via = via;
        }

        return !vias.Faulty && fields.ViaCount > 0;
    }
}
