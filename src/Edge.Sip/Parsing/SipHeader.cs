using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>The headers this server looks at. At most 64: <see cref="SipHeaders"/> keeps one bit for each.</summary>
internal enum SipHeader : byte
{
    /// <summary>Any other: one opaque value, never split.</summary>
    Other,
    Accept,
    Allow,
    Authorization,
    CallId,
    Contact,
    ContentEncoding,
    ContentLength,
    ContentType,
    CSeq,
    Date,
    Expires,
    From,
    MaxForwards,
    Path,
    ProxyAuthorization,
    ProxyRequire,
    RecordRoute,
    Require,
    RetryAfter,
    Route,
    Supported,
    To,
    UserAgent,
    Via,
}

/// <summary>Names of headers: any case, and the compact forms of RFC 3261 §7.3.3 and §20.</summary>
internal static class SipHeaderNames
{
    /// <summary>The header of this name, or <see cref="SipHeader.Other"/>.</summary>
    public static SipHeader Match(ReadOnlySpan<byte> name) => name.Length switch
    {
        1 => (name[0] | 0x20) switch
        {
            'c' => SipHeader.ContentType,
            'e' => SipHeader.ContentEncoding,
            'f' => SipHeader.From,
            'i' => SipHeader.CallId,
            'k' => SipHeader.Supported,
            'l' => SipHeader.ContentLength,
            'm' => SipHeader.Contact,
            't' => SipHeader.To,
            'v' => SipHeader.Via,
            _ => SipHeader.Other,
        },
        2 when Is(name, "To"u8) => SipHeader.To,
        3 when Is(name, "Via"u8) => SipHeader.Via,
        4 when Is(name, "From"u8) => SipHeader.From,
        4 when Is(name, "CSeq"u8) => SipHeader.CSeq,
        4 when Is(name, "Path"u8) => SipHeader.Path,
        4 when Is(name, "Date"u8) => SipHeader.Date,
        5 when Is(name, "Allow"u8) => SipHeader.Allow,
        5 when Is(name, "Route"u8) => SipHeader.Route,
        6 when Is(name, "Accept"u8) => SipHeader.Accept,
        7 when Is(name, "Call-ID"u8) => SipHeader.CallId,
        7 when Is(name, "Contact"u8) => SipHeader.Contact,
        7 when Is(name, "Expires"u8) => SipHeader.Expires,
        7 when Is(name, "Require"u8) => SipHeader.Require,
        9 when Is(name, "Supported"u8) => SipHeader.Supported,
        10 when Is(name, "User-Agent"u8) => SipHeader.UserAgent,
        11 when Is(name, "Retry-After"u8) => SipHeader.RetryAfter,
        12 when Is(name, "Max-Forwards"u8) => SipHeader.MaxForwards,
        12 when Is(name, "Content-Type"u8) => SipHeader.ContentType,
        12 when Is(name, "Record-Route"u8) => SipHeader.RecordRoute,
        13 when Is(name, "Authorization"u8) => SipHeader.Authorization,
        13 when Is(name, "Proxy-Require"u8) => SipHeader.ProxyRequire,
        14 when Is(name, "Content-Length"u8) => SipHeader.ContentLength,
        16 when Is(name, "Content-Encoding"u8) => SipHeader.ContentEncoding,
        19 when Is(name, "Proxy-Authorization"u8) => SipHeader.ProxyAuthorization,
        _ => SipHeader.Other,
    };

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);
}
