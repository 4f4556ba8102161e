using System.Diagnostics;

namespace Edge.Sip.Parsing;

/// <summary>The answer to each fault, its name in metrics, and whether the stream survives it.</summary>
internal static class SipFaults
{
    /// <summary>The status a request with this fault is answered with; its phrase is in <see cref="ReasonPhrases"/>.</summary>
    /// <exception cref="UnreachableException"><see cref="SipFault.None"/>, or a fault nobody gave an answer: a bug.</exception>
    public static int Status(SipFault fault) => fault switch
    {
        SipFault.BadLineEnd or SipFault.BadContentLength or SipFault.RepeatedContentLength or SipFault.MissingContentLength
            or SipFault.BadMethod or SipFault.BadRequestUri or SipFault.BadStatusLine or SipFault.BadHeader
            or SipFault.MissingHeader or SipFault.RepeatedHeader or SipFault.BadVia or SipFault.BadFrom or SipFault.BadTo
            or SipFault.BadCallId or SipFault.BadCSeq or SipFault.CSeqMethodMismatch or SipFault.BadMaxForwards
            or SipFault.BadContact or SipFault.BadContentType or SipFault.BadAuthorization or SipFault.BadUri or SipFault.BadCpim => 400,
        SipFault.BodyTooLarge => 413,
        SipFault.RequestLineTooLong => 414,
        SipFault.UnsupportedUriScheme => 416,
        SipFault.UnsupportedExtension => 420,
        SipFault.TooManyVias => 483,
        SipFault.UnsupportedVersion => 505,
        SipFault.HeaderLineTooLong or SipFault.TooManyHeaders or SipFault.HeaderBlockTooLong => 513,
        _ => throw new UnreachableException($"no answer for {fault}"),
    };

    /// <summary>True if the start of the next message is unknown after this fault: answer if possible, then close; never guess.</summary>
    public static bool EndsConnection(SipFault fault) => fault is >= SipFault.BadLineEnd and <= SipFault.BodyTooLarge;

    /// <summary>The fault's name in metrics: one of a closed set, never what the peer sent. Never renamed: dashboards rely on it.</summary>
    /// <exception cref="UnreachableException">A fault nobody gave a name: a bug.</exception>
    public static string Tag(SipFault fault) => fault switch
    {
        SipFault.None => "none",
        SipFault.BadLineEnd => "bad_line_end",
        SipFault.RequestLineTooLong => "request_line_too_long",
        SipFault.HeaderLineTooLong => "header_line_too_long",
        SipFault.TooManyHeaders => "too_many_headers",
        SipFault.HeaderBlockTooLong => "header_block_too_long",
        SipFault.TooManyVias => "too_many_vias",
        SipFault.BadContentLength => "bad_content_length",
        SipFault.RepeatedContentLength => "repeated_content_length",
        SipFault.MissingContentLength => "missing_content_length",
        SipFault.BodyTooLarge => "body_too_large",
        SipFault.BadMethod => "bad_method",
        SipFault.BadRequestUri => "bad_request_uri",
        SipFault.UnsupportedUriScheme => "unsupported_uri_scheme",
        SipFault.UnsupportedVersion => "unsupported_version",
        SipFault.BadStatusLine => "bad_status_line",
        SipFault.BadHeader => "bad_header",
        SipFault.MissingHeader => "missing_header",
        SipFault.RepeatedHeader => "repeated_header",
        SipFault.BadVia => "bad_via",
        SipFault.BadFrom => "bad_from",
        SipFault.BadTo => "bad_to",
        SipFault.BadCallId => "bad_call_id",
        SipFault.BadCSeq => "bad_cseq",
        SipFault.CSeqMethodMismatch => "cseq_method_mismatch",
        SipFault.BadMaxForwards => "bad_max_forwards",
        SipFault.BadContact => "bad_contact",
        SipFault.BadContentType => "bad_content_type",
        SipFault.BadAuthorization => "bad_authorization",
        SipFault.BadUri => "bad_uri",
        SipFault.UnsupportedExtension => "unsupported_extension",
        SipFault.BadCpim => "bad_cpim",
        _ => throw new UnreachableException($"no name for {fault}"),
    };
}
