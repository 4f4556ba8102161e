using Edge.Sip.Parsing;

namespace Fuzz.Targets;

/// <summary>The Authorization header, and the words it is made of.</summary>
internal static class DigestTarget
{
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        if (!DigestHeader.TryParse(bytes, out DigestHeader digest)) return;
        if (!DigestHeader.IsDigest(bytes)) throw new InvalidOperationException("credentials of another scheme");
        _ = SipGrammar.UnquoteText(digest.Username);
        _ = SipGrammar.UnquoteText(digest.Cnonce);
        if (digest.IsMd5 && digest.IsSha256) throw new InvalidOperationException("two algorithms");
    }
}
