using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Transactions;

/// <summary>The headers that every response repeats from its request: all Via, From, To with a tag, Call-ID, CSeq (RFC 3261 §8.2.6.2).</summary>
/// <remarks>
/// Written once, they outlive the receive buffer: a request that waits for the core keeps these lines and nothing else. What the
/// request lacks is left out, so that a malformed one can be answered too.
/// </remarks>
internal static class ResponseLines
{
    /// <summary>Room that is always enough beside the bytes of the request's head.</summary>
    public const int ExtraBytes = 256;

    /// <param name="lines">Room for the head's bytes + <see cref="ExtraBytes"/>.</param>
    /// <returns>Bytes written, or 0 if they do not fit.</returns>
    public static int Write(in SipRequest request, scoped in ResponseOrigin origin, Span<byte> lines)
    {
        SipText text = new(lines);
        Write(ref text, request, origin);
        return text.Length;
    }

    internal static void Write(ref SipText text, in SipRequest request, scoped in ResponseOrigin origin)
    {
        SipHeaders headers = request.Headers;
        bool top = true;
        for (int i = 0; i < headers.Count; i++)
        {
            if (headers.Id(i) != SipHeader.Via) continue;
            text.Raw("Via: "u8);
            if (top) WriteTopVia(ref text, headers.Value(i), origin);
            else text.Echo(headers.Value(i));
            text.EndLine();
            top = false;
        }

        Repeat(ref text, headers, SipHeader.From, "From: "u8);
        WriteTo(ref text, headers, origin.ToTag);
        Repeat(ref text, headers, SipHeader.CallId, "Call-ID: "u8);
        Repeat(ref text, headers, SipHeader.CSeq, "CSeq: "u8);
    }

    /// <summary>The first value says where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4); what the peer claims of that is dropped.</summary>
    private static void WriteTopVia(ref SipText text, ReadOnlySpan<byte> header, scoped in ResponseOrigin origin)
    {
        int comma = SipGrammar.FindComma(header);
        ReadOnlySpan<byte> value = comma < 0 ? header : header[..comma];
        if (!SipVia.TryParse(value, out SipVia via))
        {
            text.Echo(header);
            return;
        }

        text.Echo(via.Before);
        SipParameters parameters = new(via.Parameters);
        while (parameters.MoveNext())
        {
            if (Ascii.EqualsIgnoreCase(parameters.Name, "received"u8) || Ascii.EqualsIgnoreCase(parameters.Name, "rport"u8)) continue;
            text.Echo(parameters.Raw);
        }

        if (!origin.Address.IsEmpty && (via.HasRport || !Ascii.EqualsIgnoreCase(via.Host, origin.Address)))
        {
            text.Raw(";received="u8);
            text.Value(origin.Address);
        }

        if (via.HasRport)
        {
            text.Raw(";rport="u8);
            text.Number(origin.Port);
        }

        if (comma >= 0) text.Echo(header[comma..]);
    }

    private static void WriteTo(ref SipText text, in SipHeaders headers, ReadOnlySpan<byte> tag)
    {
        if (!headers.Has(SipHeader.To)) return;
        ReadOnlySpan<byte> value = headers.First(SipHeader.To);
        text.Raw("To: "u8);
        text.Echo(value);
        if (SipGrammar.IsToken(tag) && SipAddress.TryParse(value, out SipAddress to) && to.Tag.IsEmpty)
        {
            text.Raw(";tag="u8);
            text.Raw(tag);
        }

        text.EndLine();
    }

    private static void Repeat(ref SipText text, in SipHeaders headers, SipHeader id, ReadOnlySpan<byte> name)
    {
        if (!headers.Has(id)) return;
        text.Raw(name);
        text.Echo(headers.First(id));
        text.EndLine();
    }
}
