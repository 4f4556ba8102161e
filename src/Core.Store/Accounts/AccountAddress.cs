using System.Buffers;

namespace Core.Store.Accounts;

/// <summary>The one canonical name of an account, whatever way it came in: user (case-sensitive) and domain (lower case).</summary>
public readonly record struct AccountAddress
{
    private static readonly SearchValues<char> ParameterCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()%[]/:&+$;=");

    private AccountAddress(string user, string domain) => (User, Domain) = (user, domain);

    /// <summary><c>[A-Za-z0-9._+-]{1,64}</c>.</summary>
    public string User { get; }

    /// <summary>In lower case; also the digest realm.</summary>
    public string Domain { get; }

    /// <summary>Builds the canonical address from a user name and a domain.</summary>
    /// <returns>False if the user name has another character or length, or the domain is empty or over 253 characters.</returns>
    public static bool TryCreate(string user, string domain, out AccountAddress address)
    {
        address = default;
        if (user.Length is < 1 or > 64 || domain.Length is < 1 or > 253) return false;
        foreach (char c in user)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '+' or '-')) return false;
        }

        address = new AccountAddress(user, domain.ToLowerInvariant());
        return true;
    }

    /// <summary>Reads <c>user</c>, <c>user@domain</c>, <c>sip:user@domain</c> or <c>sips:user@domain</c>; %-escapes are undone once, URI parameters and a port ignored.</summary>
    /// <param name="text">What the client sent.</param>
    /// <param name="defaultDomain">Used for a bare user name.</param>
    /// <param name="address">The canonical address.</param>
    /// <returns>False for a list, a group, another scheme, headers in the URI or anything else that is not one address.</returns>
    public static bool TryParse(string text, string defaultDomain, out AccountAddress address)
    {
        address = default;
        int scheme = text.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? 4
            : text.StartsWith("sips:", StringComparison.OrdinalIgnoreCase) ? 5 : 0;
        bool uri = scheme > 0;
        ReadOnlySpan<char> rest = text.AsSpan(scheme);

        int at = rest.IndexOf('@');
        ReadOnlySpan<char> user = at < 0 ? rest : rest[..at];
        string domain = defaultDomain;
        if (at < 0 && uri) return false;   // sip:example.com names a host, not an account
        if (at >= 0)
        {
            ReadOnlySpan<char> host = rest[(at + 1)..];
            if (host.Contains('?')) return false;   // headers in a URI are never taken up (RFC 3261 §19.1.5)
            int end = uri ? host.IndexOfAny(';', ':') : -1;
            if (end >= 0)
            {
                if (!IsPortAndParameters(host[end..])) return false;   // a second address, perhaps
                host = host[..end];
            }

            foreach (char c in host)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-')) return false;
            }

            domain = host.ToString();
        }

        return TryUnescape(user, out string plain) && TryCreate(plain, domain, out address);
    }

    /// <summary>Port and uri-parameters by RFC 3261 §25.1, whatever they say.</summary>
    private static bool IsPortAndParameters(ReadOnlySpan<char> rest)
    {
        if (rest[0] == ':')
        {
            int end = rest.IndexOf(';');
            ReadOnlySpan<char> port = end < 0 ? rest[1..] : rest[1..end];
            if (port.Length is < 1 or > 5 || port.ContainsAnyExceptInRange('0', '9')) return false;
            rest = end < 0 ? [] : rest[end..];
        }

        return !rest.ContainsAnyExcept(ParameterCharacters);
    }

    /// <summary>Hides the address: whole addresses never reach a log.</summary>
    public override string ToString() => "account";

    private static bool TryUnescape(ReadOnlySpan<char> user, out string plain)
    {
        plain = string.Empty;
        if (!user.Contains('%'))
        {
            plain = user.ToString();
            return true;
        }

        Span<char> undone = user.Length <= 256 ? stackalloc char[user.Length] : new char[user.Length];
        int length = 0;
        for (int i = 0; i < user.Length; i++)
        {
            char c = user[i];
            if (c == '%')
            {
                if (i + 2 >= user.Length) return false;
                if (!char.IsAsciiHexDigit(user[i + 1]) || !char.IsAsciiHexDigit(user[i + 2])) return false;
                c = (char)((Hex(user[i + 1]) << 4) | Hex(user[i + 2]));
                i += 2;
            }

            undone[length++] = c;
        }

        plain = undone[..length].ToString();
        return true;

        static int Hex(char c) => char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    }
}
