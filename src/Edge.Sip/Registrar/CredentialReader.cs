using System.Text;
using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Parsing;
using Edge.Sip.Sessions;

namespace Edge.Sip.Registrar;

/// <summary>What a REGISTER brings to prove who it is from.</summary>
internal enum Credentials
{
    /// <summary>Nothing for this realm that the server can verify.</summary>
    None,

    /// <summary>Only with nonces that are too old, not of this connection, or used already: <c>nc</c> has not risen.</summary>
    Stale,

    /// <summary>A digest header that cannot be read.</summary>
    Malformed,

    /// <summary>A digest of another account than To names.</summary>
    OtherAccount,

    /// <summary>At least one for the core to verify.</summary>
    Present,
}

/// <summary>Reads Authorization headers and keeps from the core what it would refuse anyway: other realms, other nonces, other accounts.</summary>
internal sealed class CredentialReader(DigestChallenge challenge, EdgeClock clock)
{
    private const int MostDigests = 4;   // two algorithms, and one old header of each

    /// <param name="user">User part of To, canonical.</param>
    /// <param name="register">Gets the digests.</param>
    public Credentials Read(SipSession session, in SipRequest request, ReadOnlySpan<byte> user, ICoreLink link, LinkSettings settings, Register register)
    {
        SipHeaders headers = request.Headers;
        long coreNow = link.Clock.ToCore(clock.NowMs);
        bool stale = false;
        Credentials useless = Credentials.None;   // why the first useless header is: told only if no other can prove anything (a request may carry several)
        (string User, long MadeMs, uint Count) last = default;
        for (int i = 0; i < headers.Count && register.Digests.Count < MostDigests; i++)
        {
            if (headers.Id(i) != SipHeader.Authorization) continue;
            ReadOnlySpan<byte> value = headers.Value(i);
            if (!DigestHeader.IsDigest(value)) continue;
            if (!DigestHeader.TryParse(value, out DigestHeader digest))
            {
                Blame(ref useless, Credentials.Malformed);
                continue;
            }

            if (!digest.Realm.SequenceEqual(settings.DomainUtf8)) continue;
            bool sha256 = digest.IsSha256;
            if (!sha256 && !(digest.IsMd5 && settings.OfferMd5)) continue;
            string username = SipGrammar.UnquoteText(digest.Username);
            bool hasCount = NonceUses.TryReadCount(digest.NonceCount, out uint count);
            bool malformed = !digest.Uri.SequenceEqual(request.Uri) || (!digest.Qop.IsEmpty && !digest.IsQopAuth) || (digest.IsQopAuth && !hasCount);
            if (malformed || !IsUser(username, user))
            {
                Blame(ref useless, IsUser(username, user) ? Credentials.Malformed : Credentials.OtherAccount);
                continue;
            }

            if (challenge.Check(digest.Nonce, settings.NonceKeys, coreNow, session.Flow, out long madeMs) != NonceVerdict.Good
                || session.NonceUses?.IsNew(username, madeMs, count) == false)
            {
                stale = true;
                continue;
            }

            if ((madeMs, count).CompareTo((last.MadeMs, last.Count)) > 0) last = (username, madeMs, count);

            register.Digests.Add(new DigestResponse
            {
                Algorithm = sha256 ? DigestAlgorithm.Sha256 : DigestAlgorithm.Md5,
                Username = username,
                Realm = settings.Domain,
                Nonce = Encoding.ASCII.GetString(digest.Nonce),
                Uri = Encoding.ASCII.GetString(digest.Uri),
                Response = Encoding.ASCII.GetString(digest.Response).ToLowerInvariant(),
                Cnonce = SipGrammar.UnquoteText(digest.Cnonce),
                Nc = Encoding.ASCII.GetString(digest.NonceCount),
                QopAuth = digest.IsQopAuth,
            });
        }

        if (last.User is not null) (session.NonceUses ??= new NonceUses()).Add(last.User, last.MadeMs, last.Count, coreNow);
        return register.Digests.Count > 0 ? Credentials.Present : useless != Credentials.None ? useless : stale ? Credentials.Stale : Credentials.None;
    }

    private static void Blame(ref Credentials useless, Credentials cause)
    {
        if (useless == Credentials.None) useless = cause;
    }

    private static bool IsUser(string username, ReadOnlySpan<byte> user)
    {
        if (username.Length != user.Length) return false;
        for (int i = 0; i < user.Length; i++)
        {
            if (username[i] != user[i]) return false;
        }

        return true;
    }
}
