using System.Text;
using Core.Store.Accounts;

namespace Api.Grpc.Authentication;

/// <summary>A name and password from an <c>Authorization: Basic</c> header (RFC 7617).</summary>
internal readonly record struct BasicCredentials(AccountAddress Account, string Password)
{
    /// <summary>Longer headers are none of ours: 64 characters of name, a domain, 256 bytes of password.</summary>
    private const int MostCharacters = 1_024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the header; the name may be <c>user</c> or <c>user@domain</c>.</summary>
    public static bool TryParse(string? authorization, string domain, out BasicCredentials credentials)
    {
        credentials = default;
        if (authorization is null || authorization.Length > MostCharacters || !authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return false;
        Span<byte> bytes = stackalloc byte[MostCharacters];
        if (!Convert.TryFromBase64Chars(authorization.AsSpan("Basic ".Length).Trim(), bytes, out int length)) return false;
        string pair;
        try
        {
            pair = Strict.GetString(bytes[..length]);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        int colon = pair.IndexOf(':');
        if (colon < 1 || !AccountAddress.TryParse(pair[..colon], domain, out AccountAddress account)) return false;
        credentials = new BasicCredentials(account, pair[(colon + 1)..]);
        return true;
    }

    /// <summary>Hides both.</summary>
    public override string ToString() => "credentials";
}
