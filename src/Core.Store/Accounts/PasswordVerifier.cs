using System.Security.Cryptography;
using System.Text;

namespace Core.Store.Accounts;

/// <summary>Makes digest verifiers: H(user ":" realm ":" password), RFC 7616 §3.4.2. The realm is the domain.</summary>
public static class PasswordVerifier
{
    /// <summary>The SHA-256 verifier, 32 bytes.</summary>
    public static byte[] Sha256(AccountAddress address, string password) => SHA256.HashData(Input(address, password));

    /// <summary>The MD5 verifier, 16 bytes: RFC 3261 clients know nothing else; it is sealed at rest like the other.</summary>
#pragma warning disable CA5351 // MD5 is what RFC 3261 digest asks for; whether it is offered is the operator's switch
    public static byte[] Md5(AccountAddress address, string password) => MD5.HashData(Input(address, password));
#pragma warning restore CA5351

    private static byte[] Input(AccountAddress address, string password) =>
        Encoding.UTF8.GetBytes($"{address.User}:{address.Domain}:{password}");
}
