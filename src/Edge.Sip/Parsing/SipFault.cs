namespace Edge.Sip.Parsing;

/// <summary>What is wrong with a received message. <see cref="SipFaults"/> says how each is answered.</summary>
internal enum SipFault
{
    /// <summary>Nothing.</summary>
    None,

    // Framing: the next message's start is unknown, so the connection closes.

    /// <summary>A CR without LF or a LF without CR in the head.</summary>
    BadLineEnd,

    /// <summary>The start line is over its limit.</summary>
    RequestLineTooLong,

    /// <summary>A header is over its limit.</summary>
    HeaderLineTooLong,

    /// <summary>More headers than allowed.</summary>
    TooManyHeaders,

    /// <summary>The header block is over its limit.</summary>
    HeaderBlockTooLong,

    /// <summary>More Via values than allowed.</summary>
    TooManyVias,

    /// <summary>Content-Length is not a run of digits.</summary>
    BadContentLength,

    /// <summary>Content-Length is there twice, be the values equal or not.</summary>
    RepeatedContentLength,

    /// <summary>No Content-Length, which a stream needs (RFC 3261 §18.3).</summary>
    MissingContentLength,

    /// <summary>The body is over its limit.</summary>
    BodyTooLarge,

    // Start line.

    /// <summary>The method is not a token, or the start line has no three parts.</summary>
    BadMethod,

    /// <summary>The Request-URI has a blank or another byte no URI has, or is no SIP URI.</summary>
    BadRequestUri,

    /// <summary>The Request-URI has another scheme than sip or sips.</summary>
    UnsupportedUriScheme,

    /// <summary>The version is not SIP/2.0.</summary>
    UnsupportedVersion,

    /// <summary>The status line of a response is malformed. Responses are never answered.</summary>
    BadStatusLine,

    // Headers.

    /// <summary>A header line without a colon or with a name that is not a token.</summary>
    BadHeader,

    /// <summary>One of To, From, Call-ID, CSeq and Via is missing.</summary>
    MissingHeader,

    /// <summary>A header that stands once stands twice.</summary>
    RepeatedHeader,

    /// <summary>Via is malformed.</summary>
    BadVia,

    /// <summary>From is malformed.</summary>
    BadFrom,

    /// <summary>To is malformed.</summary>
    BadTo,

    /// <summary>Call-ID is malformed.</summary>
    BadCallId,

    /// <summary>CSeq is malformed or its number is 2^31 or more.</summary>
    BadCSeq,

    /// <summary>CSeq names another method than the request line.</summary>
    CSeqMethodMismatch,

    /// <summary>Max-Forwards is not 0 to 255.</summary>
    BadMaxForwards,

    /// <summary>Contact is malformed.</summary>
    BadContact,

    /// <summary>Content-Type is malformed.</summary>
    BadContentType,

    /// <summary>Authorization is malformed.</summary>
    BadAuthorization,

    /// <summary>A SIP URI is malformed.</summary>
    BadUri,

    /// <summary>Require names an extension this server lacks.</summary>
    UnsupportedExtension,

    /// <summary>A message/cpim body is malformed, or its imdn.Message-ID is too long or holds what no id does.</summary>
    BadCpim,
}
