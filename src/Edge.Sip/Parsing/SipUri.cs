using System.Buffers;
using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>A <c>sip:</c> or <c>sips:</c> URI: RFC 3261 §19.1. Slices of the receive buffer.</summary>
internal readonly ref struct SipUri
{
    private static readonly SearchValues<byte> UserBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,;?/%"u8);

    private static readonly SearchValues<byte> ParameterBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()[]/:&+$%=;?@,\"{}|^`\\"u8);

    /// <summary>sips.</summary>
    public bool IsSecure { get; private init; }

    /// <summary>The user part as sent, %-escapes not undone, without a password; empty if there is none.</summary>
    public ReadOnlySpan<byte> User { get; private init; }

    /// <summary>The host as sent; compare with <see cref="HostIs"/>.</summary>
    public ReadOnlySpan<byte> Host { get; private init; }

    /// <summary>The port, 0 if none is given.</summary>
    public int Port { get; private init; }

    /// <summary>The URI parameters with their first semicolon; empty if there are none.</summary>
    public ReadOnlySpan<byte> Parameters { get; private init; }

    /// <summary>Whether headers follow a <c>?</c>. They are never taken up.</summary>
    public bool HasHeaders { get; private init; }

    /// <summary>The whole URI as sent, less its headers: what a Request-URI may be made of (RFC 3261 §19.1.1).</summary>
    public ReadOnlySpan<byte> WithoutHeaders { get; private init; }

    /// <returns><see cref="SipFault.None"/>, <see cref="SipFault.UnsupportedUriScheme"/> for another scheme, or <see cref="SipFault.BadUri"/>.</returns>
    public static SipFault Parse(ReadOnlySpan<byte> text, out SipUri uri)
    {
        uri = default;
        int colon = text.IndexOf((byte)':');
        if (colon < 1 || text.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)) return SipFault.BadUri;
        ReadOnlySpan<byte> scheme = text[..colon];
        bool secure = Ascii.EqualsIgnoreCase(scheme, "sips"u8);
        if (!secure && !Ascii.EqualsIgnoreCase(scheme, "sip"u8)) return IsScheme(scheme) ? SipFault.UnsupportedUriScheme : SipFault.BadUri;

        ReadOnlySpan<byte> rest = text[(colon + 1)..];
        ReadOnlySpan<byte> user = default;
        int at = rest.IndexOf((byte)'@');
        if (at >= 0)
        {
            user = rest[..at];
            rest = rest[(at + 1)..];
            int password = user.IndexOf((byte)':');
            if (password >= 0)
            {
                if (!AreEscaped(user[(password + 1)..])) return SipFault.BadUri;
                user = user[..password];
            }

            if (user.IsEmpty || !AreEscaped(user)) return SipFault.BadUri;
        }

        int headers = rest.IndexOf((byte)'?');
        bool hasHeaders = headers >= 0;
        ReadOnlySpan<byte> withoutHeaders = hasHeaders ? text[..(text.Length - rest.Length + headers)] : text;
        if (hasHeaders) rest = rest[..headers];
        int semicolon = rest.IndexOf((byte)';');
        ReadOnlySpan<byte> parameters = semicolon < 0 ? default : rest[semicolon..];
        if (semicolon >= 0) rest = rest[..semicolon];
        if (parameters.ContainsAnyExcept(ParameterBytes) || !SipGrammar.TryReadHostPort(rest, out ReadOnlySpan<byte> host, out int port)) return SipFault.BadUri;
        uri = new SipUri
        {
            IsSecure = secure,
            User = user,
            Host = host,
            Port = port,
            Parameters = parameters,
            HasHeaders = hasHeaders,
            WithoutHeaders = withoutHeaders,
        };
        return SipFault.None;
    }

    /// <summary>Compares the host without regard to case (RFC 3261 §19.1.4).</summary>
    public bool HostIs(ReadOnlySpan<byte> host) => Ascii.EqualsIgnoreCase(Host, host);

    /// <summary>The user part with its %-escapes undone, once: <c>%2541</c> becomes <c>%41</c>. May hold any byte, NUL included.</summary>
    /// <param name="plain">Room for it; <see cref="User"/> is never shorter.</param>
    /// <returns>False if it does not fit; <paramref name="length"/> is then 0.</returns>
    public bool TryGetUser(Span<byte> plain, out int length)
    {
        length = 0;
        int written = 0;
        for (int i = 0; i < User.Length; i++)
        {
            byte b = User[i];
            if (b == (byte)'%')
            {
                b = (byte)((Hex(User[i + 1]) << 4) | Hex(User[i + 2]));   // Parse has seen two digits here
                i += 2;
            }

            if (written == plain.Length) return false;
            plain[written++] = b;
        }

        length = written;
        return true;
    }

    /// <summary>A URI parameter: <c>transport=tls</c>, <c>ob</c>, ... An absent value is empty.</summary>
    public bool TryGetParameter(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> rest = Parameters;
        while (!rest.IsEmpty)
        {
            rest = rest[1..];
            int end = rest.IndexOf((byte)';');
            ReadOnlySpan<byte> one = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[end..];
            int equals = one.IndexOf((byte)'=');
            if (!Ascii.EqualsIgnoreCase(equals < 0 ? one : one[..equals], name)) continue;
            value = equals < 0 ? default : one[(equals + 1)..];
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Hides the address: whole addresses never reach a log.</summary>
    public override string ToString() => IsSecure ? "sips URI" : "sip URI";

    private static bool IsScheme(ReadOnlySpan<byte> scheme)
    {
        if (!char.IsAsciiLetter((char)scheme[0])) return false;
        foreach (byte b in scheme)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'+' or (byte)'-' or (byte)'.')) return false;
        }

        return true;
    }

    private static bool AreEscaped(ReadOnlySpan<byte> text)
    {
        if (text.ContainsAnyExcept(UserBytes)) return false;
        while (true)
        {
            int percent = text.IndexOf((byte)'%');
            if (percent < 0) return true;
            if (percent + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[percent + 1]) || !char.IsAsciiHexDigit((char)text[percent + 2])) return false;
            text = text[(percent + 3)..];
        }
    }

    private static int Hex(byte b) => b <= (byte)'9' ? b - '0' : (b | 0x20) - 'a' + 10;
}
