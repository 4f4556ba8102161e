using System.Security.Cryptography;

namespace Core.Store.Envelopes;

/// <summary>AES-256-GCM with a key and a nonce of its own for every sealed thing: HKDF-Expand (RFC 5869, SHA-256) of the ring key and a random salt.</summary>
/// <remarks>No (key, nonce) pair is met twice unless a 16-byte random salt repeats; docs/adr/0002 has the argument.</remarks>
internal static class EnvelopeCipher
{
    /// <summary>Bytes of the random salt that is stored in front of the ciphertext.</summary>
    public const int SaltBytes = 16;

    /// <summary>Bytes of the authentication tag behind it.</summary>
    public const int TagBytes = 16;

    internal const int KeyBytes = 32;
    internal const int NonceBytes = 12;
    private const int LabelBytes = 16;
    private const int SaltsAtOnce = 64;

    [ThreadStatic]
    private static byte[]? _salts;

    [ThreadStatic]
    private static int _saltsLeft;

    /// <summary>Writes a fresh random salt. From a supply of the thread's: each call of the generator costs a system call, since OpenSSL asks which process it is in.</summary>
    /// <param name="salt">16 bytes.</param>
    public static void DrawSalt(Span<byte> salt)
    {
        byte[] supply = _salts ??= new byte[SaltBytes * SaltsAtOnce];
        if (_saltsLeft == 0)
        {
            RandomNumberGenerator.Fill(supply);
            _saltsLeft = SaltsAtOnce;
        }

        supply.AsSpan(--_saltsLeft * SaltBytes, SaltBytes).CopyTo(salt);
    }

    /// <summary>Seals.</summary>
    /// <param name="key">Of the ring.</param>
    /// <param name="purpose">Keeps what one key derives for different purposes apart.</param>
    /// <param name="salt">16 fresh random bytes.</param>
    /// <param name="context">Authenticated, not encrypted.</param>
    /// <param name="plain">What to seal.</param>
    /// <param name="output">Ciphertext and tag: <see cref="TagBytes"/> longer than <paramref name="plain"/>.</param>
    /// <exception cref="StoreUnavailableException">The key has sealed as much as it may.</exception>
    public static void Seal(RingKey key, KeyPurpose purpose, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> context, ReadOnlySpan<byte> plain, Span<byte> output)
    {
#if SEALING_OFF
        if (purpose == KeyPurpose.Message)
        {
            plain.CopyTo(output);
            output[plain.Length..].Clear();
            return;
        }
#endif
        Seal(key, LabelOf(purpose), salt, context, plain, output);
    }

    /// <summary>Seals with a key that is not of the ring.</summary>
    /// <param name="label">At most 16 bytes: what one key derives for different labels has nothing in common.</param>
    /// <inheritdoc cref="Seal(RingKey, KeyPurpose, ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte}, Span{byte})"/>
    public static void Seal(RingKey key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> context, ReadOnlySpan<byte> plain, Span<byte> output)
    {
        key.CountSeal();
        Span<byte> derived = stackalloc byte[KeyBytes + NonceBytes];
        Derive(key, label, salt, derived);
        if (OpenSslAesGcm.IsSupported)
        {
            OpenSslAesGcm.Seal(derived[..KeyBytes], derived[KeyBytes..], context, plain, output);
        }
        else
        {
            using AesGcm aes = new(derived[..KeyBytes], TagBytes);
            aes.Encrypt(derived[KeyBytes..], plain, output[..plain.Length], output[plain.Length..], context);
        }

        CryptographicOperations.ZeroMemory(derived);
    }

    /// <summary>Opens.</summary>
    /// <param name="plain"><see cref="TagBytes"/> shorter than <paramref name="input"/>.</param>
    /// <returns>False for another key, another context or one altered bit; which one is not told.</returns>
    public static bool TryOpen(RingKey key, KeyPurpose purpose, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> context, ReadOnlySpan<byte> input, Span<byte> plain)
    {
#if SEALING_OFF
        if (purpose == KeyPurpose.Message)
        {
            input[..plain.Length].CopyTo(plain);
            return true;
        }
#endif
        return TryOpen(key, LabelOf(purpose), salt, context, input, plain);
    }

    /// <inheritdoc cref="TryOpen(RingKey, KeyPurpose, ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte}, Span{byte})"/>
    public static bool TryOpen(RingKey key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> context, ReadOnlySpan<byte> input, Span<byte> plain)
    {
        Span<byte> derived = stackalloc byte[KeyBytes + NonceBytes];
        Derive(key, label, salt, derived);
        try
        {
            if (OpenSslAesGcm.IsSupported) return OpenSslAesGcm.TryOpen(derived[..KeyBytes], derived[KeyBytes..], context, input, plain);
            using AesGcm aes = new(derived[..KeyBytes], TagBytes);
            aes.Decrypt(derived[KeyBytes..], input[..plain.Length], input[plain.Length..], plain, context);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>The key and the nonce of one sealed thing, one behind the other: 44 bytes.</summary>
    internal static void Derive(RingKey key, KeyPurpose purpose, ReadOnlySpan<byte> salt, Span<byte> derived) => Derive(key, LabelOf(purpose), salt, derived);

    private static void Derive(RingKey key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> salt, Span<byte> derived)
    {
        Span<byte> labelled = stackalloc byte[LabelBytes + SaltBytes];
        label.CopyTo(labelled);
        salt.CopyTo(labelled[label.Length..]);
        key.Hash.Expand(labelled[..(label.Length + SaltBytes)], derived);
    }

    private static ReadOnlySpan<byte> LabelOf(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Message => "edge message v1"u8,
        KeyPurpose.Account => "edge account v1"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(purpose), "seals nothing"),
    };
}
