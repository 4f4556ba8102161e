using System.Text;

namespace Api.Grpc.Accounts;

/// <summary>What a password may be: 1 to 256 bytes of UTF-8 without control characters, which HTTP Basic cannot carry (RFC 7617 §2).</summary>
internal static class PasswordRules
{
    public const string Words = "The password must have 1 to 256 bytes of UTF-8 and no control characters.";

    private const int MostBytes = 256;

    public static bool Allow(string password)
    {
        foreach (char c in password)
        {
            if (char.IsControl(c)) return false;
        }

        return password.Length > 0 && Encoding.UTF8.GetByteCount(password) <= MostBytes;
    }
}
