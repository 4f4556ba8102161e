using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>The first line of a SIP request: method, Request-URI and version.</summary>
/// <remarks>RFC 3261 §7.1 and §25.1. Slices of the receive buffer: done with before the buffer is released.</remarks>
internal readonly ref struct SipRequestLine
{
    public SipMethod Method { get; private init; }

    public ReadOnlySpan<byte> MethodName { get; private init; }

    public ReadOnlySpan<byte> Uri { get; private init; }

    /// <param name="line">One line without its CRLF, at most <see cref="SipLimits.RequestLineBytes"/> bytes: the framer has seen to both.</param>
    /// <param name="request">The line's parts; on a fault as far as they were read.</param>
    /// <returns><see cref="SipFault.None"/>, or the first fault found. No input makes it throw or allocate.</returns>
    public static SipFault Parse(ReadOnlySpan<byte> line, out SipRequestLine request)
    {
        request = default;
        int methodEnd = line.IndexOf((byte)' ');
        if (methodEnd < 1 || line[..methodEnd].ContainsAnyExcept(SipGrammar.Token)) return SipFault.BadMethod;
        ReadOnlySpan<byte> method = line[..methodEnd];
        request = new() { Method = SipMethods.Match(method), MethodName = method };
        ReadOnlySpan<byte> rest = line[(methodEnd + 1)..];
        int uriEnd = rest.IndexOf((byte)' ');   // one SP between the parts: a second one puts uriEnd at 0
        if (uriEnd < 1 || rest[..uriEnd].ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)) return SipFault.BadRequestUri;
        request = new() { Method = request.Method, MethodName = method, Uri = rest[..uriEnd] };
        return ReadVersion(rest[(uriEnd + 1)..]);
    }

    /// <summary>Another version of SIP is 505; anything else in its place, blanks included, is a malformed line.</summary>
    private static SipFault ReadVersion(ReadOnlySpan<byte> version)
    {
        if (Ascii.EqualsIgnoreCase(version, "SIP/2.0"u8)) return SipFault.None;   // §7.1: any case is accepted
        bool isVersion = version.Length > 4 && Ascii.EqualsIgnoreCase(version[..4], "SIP/"u8) && SipGrammar.IsToken(version[4..]);
        return isVersion ? SipFault.UnsupportedVersion : SipFault.BadRequestUri;
    }
}
