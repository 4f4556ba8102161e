using System.Security.Cryptography;
using System.Text;
using Core.Store.Accounts;
using Edge.Link.V1;

namespace Api.Grpc.EdgeLink;

/// <summary>Checks digest responses (RFC 7616 §3.4, RFC 8760) against stored verifiers. Only <c>qop=auth</c>: without it a response could be replayed.</summary>
internal static class DigestVerifier
{
    /// <summary>More Authorization headers are not looked at.</summary>
    private const int MostDigests = 4;

    /// <summary>More characters than any client sends in cnonce.</summary>
    private const int MostCnonce = 512;

    /// <summary>The first header that proves the account.</summary>
    /// <param name="takeMd5">Whether MD5 is taken.</param>
    /// <returns>Null if none does.</returns>
    public static DigestResponse? FirstValid(IReadOnlyList<DigestResponse> digests, AccountAddress account, string method, AccountVerifiers verifiers, bool takeMd5)
    {
        DigestResponse? first = null;
        for (int i = 0; i < digests.Count && i < MostDigests; i++)
        {
            if (IsValid(digests[i], account, method, verifiers, takeMd5)) first ??= digests[i];
        }

        return first;
    }

    private static bool IsValid(DigestResponse digest, AccountAddress account, string method, AccountVerifiers verifiers, bool takeMd5)
    {
        if (!digest.QopAuth || digest.Nc.Length != 8 || digest.Cnonce.Length is 0 or > MostCnonce) return false;
        if (digest.Username != account.User || !digest.Realm.Equals(account.Domain, StringComparison.OrdinalIgnoreCase)) return false;
        return digest.Algorithm switch
        {
            DigestAlgorithm.Sha256 => Matches(digest, method, verifiers.Sha256.Span, SHA256.HashSizeInBytes, SHA256.HashData),
#pragma warning disable CA5351 // what RFC 3261 clients know; the operator's switch
            DigestAlgorithm.Md5 => takeMd5 && Matches(digest, method, verifiers.Md5.Span, MD5.HashSizeInBytes, MD5.HashData),
#pragma warning restore CA5351
            _ => false,
        };
    }

    private static bool Matches(DigestResponse digest, string method, ReadOnlySpan<byte> ha1, int hashBytes, HashFunction hash)
    {
        Span<byte> result = stackalloc byte[SHA256.HashSizeInBytes];
        result = result[..hashBytes];
        hash(Encoding.UTF8.GetBytes($"{method}:{digest.Uri}"), result);
        string response = $"{Convert.ToHexStringLower(ha1)}:{digest.Nonce}:{digest.Nc}:{digest.Cnonce}:auth:{Convert.ToHexStringLower(result)}";
        hash(Encoding.UTF8.GetBytes(response), result);
        Span<byte> theirs = stackalloc byte[SHA256.HashSizeInBytes];
        return Convert.FromHexString(digest.Response, theirs, out _, out int length) == System.Buffers.OperationStatus.Done
            && length == hashBytes && CryptographicOperations.FixedTimeEquals(result, theirs[..length]);
    }

    private delegate int HashFunction(ReadOnlySpan<byte> source, Span<byte> destination);
}
