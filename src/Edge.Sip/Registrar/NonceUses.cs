using System.Globalization;

namespace Edge.Sip.Registrar;

/// <summary>How often each account has used its nonces on one connection: a digest counts once, the next one has a higher <c>nc</c> (RFC 7616 §3.4).</summary>
/// <remarks>A nonce is good on one connection and for 300 seconds, so this is all there is to remember, and not for longer.</remarks>
internal sealed class NonceUses
{
    /// <summary>More than accounts may register on a connection: the oldest is forgotten first.</summary>
    private const int Most = 64;

    private readonly List<Use> _uses = new(1);   // a phone has one account

    /// <summary>Whether this use is later than the account's last: a newer nonce, or the same with a higher count.</summary>
    public bool IsNew(string user, long nonceTimeMs, uint count)
    {
        foreach (Use use in _uses)
        {
            if (use.User == user) return nonceTimeMs > use.NonceTimeMs || (nonceTimeMs == use.NonceTimeMs && count > use.Count);
        }

        return true;
    }

    /// <summary>Remembers a use.</summary>
    /// <param name="coreNowMs">The clock that nonces are made by.</param>
    public void Add(string user, long nonceTimeMs, uint count, long coreNowMs)
    {
        _uses.RemoveAll(use => use.User == user || coreNowMs - use.NonceTimeMs > DigestChallenge.MostAgeMs);
        if (_uses.Count == Most) _uses.RemoveAt(0);
        _uses.Add(new Use(user, nonceTimeMs, count));
    }

    /// <summary>Reads 8 hex digits, 1 at least: a count begins there.</summary>
    public static bool TryReadCount(ReadOnlySpan<byte> nc, out uint count)
    {
        count = 0;
        return nc.Length == 8 && uint.TryParse(nc, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out count) && count > 0;
    }

    private readonly record struct Use(string User, long NonceTimeMs, uint Count);
}
