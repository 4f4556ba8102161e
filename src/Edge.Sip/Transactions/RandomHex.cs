using System.Security.Cryptography;

namespace Edge.Sip.Transactions;

/// <summary>Random lower-case hex digits, 4 bits each, for tags and branches.</summary>
/// <remarks>From a supply of the thread's: each call of the generator costs a system call of its own, since OpenSSL asks which process it is in.</remarks>
internal static class RandomHex
{
    private const int SupplyBytes = 1_024;

    [ThreadStatic]
    private static byte[]? _supply;

    [ThreadStatic]
    private static int _left;

    /// <param name="digits">At most 1,024.</param>
    public static void Fill(Span<byte> digits)
    {
        _supply ??= new byte[SupplyBytes];
        if (_left < digits.Length)
        {
            RandomNumberGenerator.Fill(_supply);
            _left = SupplyBytes;
        }

        ReadOnlySpan<byte> random = _supply.AsSpan(SupplyBytes - _left, digits.Length);
        for (int i = 0; i < digits.Length; i++) digits[i] = "0123456789abcdef"u8[random[i] & 0xF];
        _left -= digits.Length;
    }
}
