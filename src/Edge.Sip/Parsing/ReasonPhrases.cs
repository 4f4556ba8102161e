namespace Edge.Sip.Parsing;

/// <summary>Reason phrases of the statuses this server sends or meets: RFC 3261 §21, RFC 3428, RFC 5626, RFC 6665.</summary>
internal static class ReasonPhrases
{
    /// <summary>The phrase; for a status not listed, the name of its class. Never empty.</summary>
    public static ReadOnlySpan<byte> Of(int status) => status switch
    {
        100 => "Trying"u8,
        180 => "Ringing"u8,
        200 => "OK"u8,
        202 => "Accepted"u8,
        400 => "Bad Request"u8,
        401 => "Unauthorized"u8,
        403 => "Forbidden"u8,
        404 => "Not Found"u8,
        405 => "Method Not Allowed"u8,
        406 => "Not Acceptable"u8,
        408 => "Request Timeout"u8,
        413 => "Request Entity Too Large"u8,
        414 => "Request-URI Too Long"u8,
        415 => "Unsupported Media Type"u8,
        416 => "Unsupported URI Scheme"u8,
        420 => "Bad Extension"u8,
        421 => "Extension Required"u8,
        423 => "Interval Too Brief"u8,
        439 => "First Hop Lacks Outbound Support"u8,
        480 => "Temporarily Unavailable"u8,
        481 => "Call/Transaction Does Not Exist"u8,
        482 => "Loop Detected"u8,
        483 => "Too Many Hops"u8,
        485 => "Ambiguous"u8,
        488 => "Not Acceptable Here"u8,
        489 => "Bad Event"u8,
        493 => "Undecipherable"u8,
        500 => "Server Internal Error"u8,
        501 => "Not Implemented"u8,
        503 => "Service Unavailable"u8,
        504 => "Server Time-out"u8,
        505 => "Version Not Supported"u8,
        513 => "Message Too Large"u8,
        600 => "Busy Everywhere"u8,
        603 => "Decline"u8,
        604 => "Does Not Exist Anywhere"u8,
        606 => "Not Acceptable"u8,
        _ => (status / 100) switch
        {
            1 => "Progress"u8,
            2 => "Success"u8,
            3 => "Redirection"u8,
            4 => "Request Failure"u8,
            5 => "Server Failure"u8,
            _ => "Global Failure"u8,
        },
    };
}
