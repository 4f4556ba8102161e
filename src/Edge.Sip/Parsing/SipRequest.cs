using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>A received request: start line, headers and body as slices of the receive buffer, done with before it is released.</summary>
internal readonly ref struct SipRequest
{
    private SipRequest(SipRequestLine line, SipHeaders headers, ReadOnlySpan<byte> body)
    {
        Method = line.Method;
        MethodName = line.MethodName;
        Uri = line.Uri;
        Headers = headers;
        Body = body;
    }

    public SipMethod Method { get; }

    /// <summary>The method as sent; empty if the start line could not be read.</summary>
    public ReadOnlySpan<byte> MethodName { get; }

    /// <summary>The Request-URI as sent.</summary>
    public ReadOnlySpan<byte> Uri { get; }

    public SipHeaders Headers { get; }

    public ReadOnlySpan<byte> Body { get; }

    /// <summary>Whether a message that begins with these bytes is a response, which is never answered.</summary>
    public static bool IsResponse(ReadOnlySpan<byte> head) => head.Length >= 4 && Ascii.EqualsIgnoreCase(head[..4], "SIP/"u8);

    /// <param name="head">Start line and headers, as the framer found them; after a framing fault the whole lines before it.</param>
    /// <param name="body">The body; empty after a framing fault.</param>
    /// <param name="table">Room for the headers: <see cref="SipLimits.Headers"/> slots.</param>
    /// <param name="request">The request; after a fault with everything that could be read, for the answer.</param>
    /// <returns>The first fault found: syntax of the start line and of header lines. <see cref="SipRequestChecks"/> reads on.</returns>
    public static SipFault Parse(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<SipHeaderSlot> table, out SipRequest request)
    {
        int lineEnd = head.IndexOf("\r\n"u8);
        if (lineEnd < 0) lineEnd = head.Length;
        SipFault lineFault = SipRequestLine.Parse(head[..lineEnd], out SipRequestLine line);
        SipFault headerFault = SipHeaders.Parse(head, Math.Min(lineEnd + 2, head.Length), table, out SipHeaders headers);
        request = new SipRequest(line, headers, body);
        return lineFault != SipFault.None ? lineFault : headerFault;
    }

    /// <summary>Hides addresses and text: they never reach a log.</summary>
    public override string ToString() => $"{Method} request";
}
