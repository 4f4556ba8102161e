using System.Security.Cryptography;
using System.Text;
using Api.Grpc.Options;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Authentication;

/// <summary>The operators' bearer token (RFC 6750), read once at start; only its hash is kept.</summary>
internal sealed class AdminToken
{
    /// <summary>Shorter ones can be guessed.</summary>
    private const int LeastCharacters = 16;

    private readonly byte[] _hash;

    public AdminToken(IOptions<AdminOptions> options)
    {
        if (!TryRead(options.Value.TokenFile, out string token, out string fault)) throw new OptionsValidationException("Admin:TokenFile", typeof(AdminOptions), [fault]);
        _hash = Hash(token);
    }

    /// <summary>Whether an <c>Authorization</c> header carries the token; compared in constant time.</summary>
    public bool Matches(string? authorization) =>
        authorization is not null && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Hash(authorization["Bearer ".Length..].Trim()), _hash);

    /// <summary>Reads the file.</summary>
    /// <returns>False with what is wrong; it never repeats the content.</returns>
    public static bool TryRead(string file, out string token, out string fault)
    {
        token = fault = string.Empty;
        if (string.IsNullOrWhiteSpace(file)) fault = "the path of a file with the bearer token is required";
        else if (!File.Exists(file)) fault = $"{file} does not exist or cannot be read";
        if (fault.Length > 0) return false;
        try
        {
            token = File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"{file} cannot be read: {e.Message}";
            return false;
        }

        if (token.Length < LeastCharacters) fault = $"{file} holds fewer than {LeastCharacters} characters: write a random token into it";
        return fault.Length == 0;
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
