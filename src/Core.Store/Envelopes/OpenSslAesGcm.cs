using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Core.Store.Envelopes;

/// <summary>AES-256-GCM (NIST SP 800-38D) of OpenSSL, called directly: what is sealed under a key of its own pays for no cipher being looked up, made and freed.</summary>
/// <remarks>
/// EVP_EncryptInit(3): a context that knows its cipher takes the next key and nonce by EVP_CipherInit_ex without either. Each thread has two, one for each direction.
/// The key's schedule is written over after every use.
/// </remarks>
internal static unsafe partial class OpenSslAesGcm
{
    private const int GetTag = 0x10, SetTag = 0x11;    // EVP_CTRL_AEAD_GET_TAG and _SET_TAG
    private const int KeyBytes = EnvelopeCipher.KeyBytes, NonceBytes = EnvelopeCipher.NonceBytes, TagBytes = EnvelopeCipher.TagBytes;

    [ThreadStatic]
    private static Context? _sealing;

    [ThreadStatic]
    private static Context? _opening;

    /// <summary>Whether it can be called here.</summary>
    public static bool IsSupported { get; } = OpenSslLibrary.Has(nameof(EVP_aes_256_gcm));

    /// <summary>Seals.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">12 bytes, never twice with one key.</param>
    /// <param name="context">Authenticated, not encrypted.</param>
    /// <param name="plain">What to seal.</param>
    /// <param name="output">Ciphertext and tag: 16 bytes longer.</param>
    /// <exception cref="CryptographicException">OpenSSL refused.</exception>
    public static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> context, ReadOnlySpan<byte> plain, Span<byte> output)
    {
        CheckLengths(key, nonce, plain, output);
        nint cipher = (_sealing ??= new Context(seals: true)).Handle;
        fixed (byte* tag = output[plain.Length..])
        {
            bool done = Run(cipher, key, nonce, context, plain, output, seals: 1)
                && EVP_CipherFinal_ex(cipher, tag, out _) == 1   // writes nothing: this mode has no padding
                && EVP_CIPHER_CTX_ctrl(cipher, GetTag, TagBytes, tag) == 1;
            Forget(cipher);
            if (!done) throw new CryptographicException("OpenSSL did not seal.");
        }
    }

    /// <summary>Opens.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="context">What was authenticated with it.</param>
    /// <param name="input">Ciphertext and tag.</param>
    /// <param name="plain">16 bytes shorter; zeros if it does not open.</param>
    /// <returns>False if it does not open.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> context, ReadOnlySpan<byte> input, Span<byte> plain)
    {
        CheckLengths(key, nonce, plain, input);
        nint cipher = (_opening ??= new Context(seals: false)).Handle;
        Span<byte> rest = stackalloc byte[TagBytes];
        fixed (byte* tag = input[plain.Length..])
        fixed (byte* none = rest)
        {
            bool opened = Run(cipher, key, nonce, context, input[..plain.Length], plain, seals: 0)
                && EVP_CIPHER_CTX_ctrl(cipher, SetTag, TagBytes, tag) == 1
                && EVP_CipherFinal_ex(cipher, none, out _) == 1;   // compares the tags
            Forget(cipher);
            if (!opened) CryptographicOperations.ZeroMemory(plain);
            return opened;
        }
    }

    private static bool Run(nint cipher, ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> context, ReadOnlySpan<byte> input, Span<byte> output, int seals)
    {
        fixed (byte* secret = key, once = nonce, aad = context, from = input, to = output)
        {
            return EVP_CipherInit_ex(cipher, 0, 0, secret, once, seals) == 1
                && (context.IsEmpty || EVP_CipherUpdate(cipher, null, out _, aad, context.Length) == 1)
                && (input.IsEmpty || EVP_CipherUpdate(cipher, to, out _, from, input.Length) == 1);
        }
    }

    private static void Forget(nint cipher)
    {
        byte* zeros = stackalloc byte[KeyBytes];
        new Span<byte>(zeros, KeyBytes).Clear();
        _ = EVP_CipherInit_ex(cipher, 0, 0, zeros, null, -1);
    }

    private static void CheckLengths(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> other)
    {
        if (key.Length != KeyBytes || nonce.Length != NonceBytes || other.Length != plain.Length + TagBytes) throw new ArgumentException("key, nonce or output is not as long as it must be");
    }

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial nint EVP_aes_256_gcm();

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    private static partial int EVP_CIPHER_CTX_ctrl(nint context, int what, int bytes, byte* data);

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* nonce, int seals);

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial int EVP_CipherUpdate(nint context, byte* output, out int written, byte* input, int bytes);

    [LibraryImport(OpenSslLibrary.Crypto)]
    private static partial int EVP_CipherFinal_ex(nint context, byte* output, out int written);

    /// <summary>One EVP_CIPHER_CTX, freed with its thread.</summary>
    private sealed class Context
    {
        public Context(bool seals)
        {
            Handle = EVP_CIPHER_CTX_new();
            if (Handle == 0 || EVP_CipherInit_ex(Handle, EVP_aes_256_gcm(), 0, null, null, seals ? 1 : 0) != 1) throw new CryptographicException("OpenSSL has no AES-256-GCM.");
        }

        ~Context() => EVP_CIPHER_CTX_free(Handle);

        public nint Handle { get; }
    }
}
