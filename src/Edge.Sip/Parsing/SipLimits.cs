namespace Edge.Sip.Parsing;

/// <summary>How much one peer may send in one message. Bound from configuration, section <c>Sip:Limits</c>.</summary>
/// <remarks>
/// The framer alone enforces these, before anything is parsed and before more is buffered. A message that breaks one has no
/// known end on the stream, so the connection closes after the answer.
/// </remarks>
public sealed class SipLimits
{
    /// <summary>Longest request or status line, in bytes without its CRLF. Default 4,096: a URI with every parameter in use fits many times. Above: 414.</summary>
    public int RequestLineBytes { get; set; } = 4_096;

    /// <summary>Longest header with its folded lines, in bytes without the last CRLF. Default 8,192: room for a long Authorization or Contact list. Above: 513.</summary>
    public int HeaderLineBytes { get; set; } = 8_192;

    /// <summary>Most header lines, folded ones counted once. Default 100: real requests have 10 to 30. Above: 513.</summary>
    public int Headers { get; set; } = 100;

    /// <summary>Most Via values in all Via headers. Default 70, the usual Max-Forwards (RFC 3261 §8.1.1.6). Above: 483.</summary>
    public int Vias { get; set; } = 70;

    /// <summary>Longest header block, in bytes from behind the start line's CRLF to the blank line and its CRLF. Default 16,384. Above: 513.</summary>
    public int HeaderBlockBytes { get; set; } = 16_384;

    /// <summary>Longest body, in bytes. Default 8,192: a CPIM wrapper around the longest text. Above: 413.</summary>
    public int BodyBytes { get; set; } = 8_192;

    /// <summary>The most bytes that can be unread while the framer still asks for more: what a connection's buffer has to hold.</summary>
    public int MessageBytes => RequestLineBytes + 2 + HeaderBlockBytes + BodyBytes;
}
