using Edge.Sip.Parsing;

namespace Edge.Sip.Requests;

/// <summary>Reads an account's user name out of a SIP address.</summary>
internal static class AccountUri
{
    /// <summary>Longest user name.</summary>
    public const int MostUserBytes = 64;

    /// <summary>Reads the canonical user name, %-escapes undone once.</summary>
    /// <param name="address">From or To.</param>
    /// <param name="user">Room for <see cref="MostUserBytes"/>.</param>
    /// <param name="length">Bytes of the name.</param>
    /// <param name="uri">The whole URI, for its host.</param>
    /// <returns>False if it is no sip or sips URI, or the name is none an account can have.</returns>
    public static bool TryRead(in SipAddress address, Span<byte> user, out int length, out SipUri uri)
    {
        length = 0;
        if (SipUri.Parse(address.Uri, out uri) != SipFault.None || uri.HasHeaders) return false;
        if (!uri.TryGetUser(user, out length) || length == 0) return false;
        foreach (byte b in user[..length])
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'.' or (byte)'_' or (byte)'+' or (byte)'-')) return false;
        }

        return true;
    }
}
