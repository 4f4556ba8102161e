using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>One Authorization header with the Digest scheme: RFC 7616 §3.4, RFC 8760.</summary>
/// <remarks>Values are without quotes, their escapes not undone: <see cref="SipGrammar.UnquoteText"/> does that. Nothing is verified here.</remarks>
internal ref struct DigestHeader
{
    public ReadOnlySpan<byte> Username { get; private set; }

    public ReadOnlySpan<byte> Realm { get; private set; }

    public ReadOnlySpan<byte> Nonce { get; private set; }

    public ReadOnlySpan<byte> Uri { get; private set; }

    public ReadOnlySpan<byte> Response { get; private set; }

    public ReadOnlySpan<byte> Cnonce { get; private set; }

    public ReadOnlySpan<byte> NonceCount { get; private set; }

    public ReadOnlySpan<byte> Qop { get; private set; }

    /// <summary>As sent; empty means MD5.</summary>
    public ReadOnlySpan<byte> Algorithm { get; private set; }

    public ReadOnlySpan<byte> Opaque { get; private set; }

    public readonly bool IsSha256 => Ascii.EqualsIgnoreCase(Algorithm, "SHA-256"u8);

    public readonly bool IsMd5 => Algorithm.IsEmpty || Ascii.EqualsIgnoreCase(Algorithm, "MD5"u8);

    public readonly bool IsQopAuth => Ascii.EqualsIgnoreCase(Qop, "auth"u8);

    /// <summary>Whether the header's scheme is Digest; another scheme is passed over, not a fault.</summary>
    public static bool IsDigest(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> rest = value;
        return SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> scheme) && Ascii.EqualsIgnoreCase(scheme, "Digest"u8);
    }

    /// <summary>Reads the credentials. A parameter this server does not use is passed over; one given twice is a fault: two readers might pick two.</summary>
    /// <returns>False if malformed, or username, realm, nonce, uri or response is missing.</returns>
    public static bool TryParse(ReadOnlySpan<byte> value, out DigestHeader digest)
    {
        digest = default;
        ReadOnlySpan<byte> rest = value;
        if (!SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> scheme) || !Ascii.EqualsIgnoreCase(scheme, "Digest"u8)) return false;
        if (rest.IsEmpty || !SipGrammar.IsBlank(rest[0])) return false;
        int seen = 0;
        do
        {
            if (!SipGrammar.TryTakeParameter(ref rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> text)) return false;
            int bit = digest.Take(name, text);
            if ((seen & bit) != 0) return false;
            seen |= bit;
        }
        while (SipGrammar.TryTake(ref rest, (byte)','));

        const int Needed = 0b1_1111;
        return rest.IsEmpty && (seen & Needed) == Needed;
    }

    /// <summary>Hides the credentials.</summary>
    public override readonly string ToString() => "digest credentials";

    private int Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (Ascii.EqualsIgnoreCase(name, "username"u8)) { Username = text; return 1; }
        if (Ascii.EqualsIgnoreCase(name, "realm"u8)) { Realm = text; return 2; }
        if (Ascii.EqualsIgnoreCase(name, "nonce"u8)) { Nonce = text; return 4; }
        if (Ascii.EqualsIgnoreCase(name, "uri"u8)) { Uri = text; return 8; }
        if (Ascii.EqualsIgnoreCase(name, "response"u8)) { Response = text; return 16; }
        if (Ascii.EqualsIgnoreCase(name, "cnonce"u8)) { Cnonce = text; return 32; }
        if (Ascii.EqualsIgnoreCase(name, "nc"u8)) { NonceCount = text; return 64; }
        if (Ascii.EqualsIgnoreCase(name, "qop"u8)) { Qop = text; return 128; }
        if (Ascii.EqualsIgnoreCase(name, "algorithm"u8)) { Algorithm = text; return 256; }
        if (Ascii.EqualsIgnoreCase(name, "opaque"u8)) { Opaque = text; return 512; }
        return 0;
    }
}
