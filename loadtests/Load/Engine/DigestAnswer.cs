using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Edge.Sip.Parsing;
using Edge.Sip.Transactions;

namespace Load.Engine;

/// <summary>What a user answers to a challenge: RFC 7616 with qop=auth, SHA-256 if it is offered, else MD5.</summary>
internal sealed class DigestAnswer
{
    private const int MostNonceBytes = 256;

    private readonly bool _sha256;
    private readonly byte[] _realm;
    private readonly byte[] _nonce;
    private readonly byte[] _secret;   // hex of H(user:realm:password)
    private uint _count;

    private DigestAnswer(bool sha256, byte[] realm, byte[] nonce, byte[] secret) => (_sha256, _realm, _nonce, _secret) = (sha256, realm, nonce, secret);

    /// <summary>Reads the challenges of a 401.</summary>
    /// <returns>Null if none of them can be answered.</returns>
    public static DigestAnswer? For(in SipHeaders headers, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password, DigestAnswer? before)
    {
        DigestAnswer? best = null;
        for (int i = 0; i < headers.Count; i++)
        {
            if (!Ascii.EqualsIgnoreCase(headers.Name(i), "WWW-Authenticate"u8) || best is { _sha256: true }) continue;
            best = Read(headers.Value(i), user, password, before) ?? best;
        }

        return best;
    }

    /// <summary>Writes an Authorization header.</summary>
    public void Write(ref SipText text, ReadOnlySpan<byte> user, ReadOnlySpan<byte> method, ReadOnlySpan<byte> uri)
    {
        Span<byte> count = stackalloc byte[8];
        _ = Utf8Formatter.TryFormat(++_count, count, out _, new System.Buffers.StandardFormat('x', 8));
        Span<byte> input = stackalloc byte[1_024];
        Span<byte> hash = stackalloc byte[64];
        SipText inner = new(input);
        inner.Raw(method);
        inner.Raw(":"u8);
        inner.Raw(uri);
        int bytes = Hash(input[..inner.Length], hash);
        SipText outer = new(input);
        outer.Raw(_secret);
        outer.Raw(":"u8);
        outer.Raw(_nonce);
        outer.Raw(":"u8);
        outer.Raw(count);
        outer.Raw(":c0ffee:auth:"u8);
        outer.Raw(hash[..bytes]);
        bytes = Hash(input[..outer.Length], hash);

        text.Raw("Authorization: Digest username=\""u8);
        text.Raw(user);
        text.Raw("\", realm=\""u8);
        text.Raw(_realm);
        text.Raw("\", nonce=\""u8);
        text.Raw(_nonce);
        text.Raw("\", uri=\""u8);
        text.Raw(uri);
        text.Raw("\", response=\""u8);
        text.Raw(hash[..bytes]);
        text.Raw(_sha256 ? "\", algorithm=SHA-256, qop=auth, nc="u8 : "\", algorithm=MD5, qop=auth, nc="u8);
        text.Raw(count);
        text.Raw(", cnonce=\"c0ffee\"\r\n"u8);
    }

    /// <summary>Hides the secret.</summary>
    public override string ToString() => "digest";

    private static DigestAnswer? Read(ReadOnlySpan<byte> challenge, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password, DigestAnswer? before)
    {
        ReadOnlySpan<byte> rest = challenge, realm = default, nonce = default, algorithm = default;
        if (!SipGrammar.TryTakeToken(ref rest, out ReadOnlySpan<byte> scheme) || !Ascii.EqualsIgnoreCase(scheme, "Digest"u8)) return null;
        do
        {
            if (!SipGrammar.TryTakeParameter(ref rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)) return null;
            if (Ascii.EqualsIgnoreCase(name, "realm"u8)) realm = value;
            else if (Ascii.EqualsIgnoreCase(name, "nonce"u8)) nonce = value;
            else if (Ascii.EqualsIgnoreCase(name, "algorithm"u8)) algorithm = value;
        }
        while (SipGrammar.TryTake(ref rest, (byte)','));

        bool sha256 = Ascii.EqualsIgnoreCase(algorithm, "SHA-256"u8);
        bool md5 = algorithm.IsEmpty || Ascii.EqualsIgnoreCase(algorithm, "MD5"u8);
        if ((!sha256 && !md5) || nonce.IsEmpty || nonce.Length > MostNonceBytes) return null;
        // Thousands of users get a challenge at each connection: the secret and the realm are made once.
        if (before is not null && before._sha256 == sha256 && realm.SequenceEqual(before._realm)) return new DigestAnswer(sha256, before._realm, nonce.ToArray(), before._secret);
        return new DigestAnswer(sha256, realm.ToArray(), nonce.ToArray(), Secret(sha256, user, realm, password));
    }

    private static byte[] Secret(bool sha256, ReadOnlySpan<byte> user, ReadOnlySpan<byte> realm, ReadOnlySpan<byte> password)
    {
        byte[] input = [.. user, (byte)':', .. realm, (byte)':', .. password];
        byte[] hash = new byte[64];
        return hash[..Hash(sha256, input, hash)];
    }

    private int Hash(ReadOnlySpan<byte> input, Span<byte> hex) => Hash(_sha256, input, hex);

    private static int Hash(bool sha256, ReadOnlySpan<byte> input, Span<byte> hex)
    {
        Span<byte> raw = stackalloc byte[32];
#pragma warning disable CA5351 // the server chooses what it offers; MD5 is answered only where nothing better is
        int bytes = sha256 ? SHA256.HashData(input, raw) : MD5.HashData(input, raw);
#pragma warning restore CA5351
        _ = Convert.TryToHexStringLower(raw[..bytes], hex, out _);
        return 2 * bytes;
    }
}
