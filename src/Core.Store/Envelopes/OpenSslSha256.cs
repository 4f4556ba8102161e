using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Core.Store.Envelopes;

/// <summary>SHA-256 (FIPS 180-4) under way, by OpenSSL's SHA256_Init(3) and what goes with it: a value, so that a state can be kept and gone on from by copying it.</summary>
/// <remarks>The manual page calls these functions deprecated since 3.0 in favour of EVP_DigestInit, whose set-up is what they are used here to avoid; every 3.x has them.</remarks>
internal unsafe partial struct OpenSslSha256
{
    private State _state;

    /// <summary>Whether it can be called here.</summary>
    public static bool IsSupported { get; } = OpenSslLibrary.Has(nameof(SHA256_Init));

    public static OpenSslSha256 Start()
    {
        OpenSslSha256 hash = default;
        _ = SHA256_Init(&hash._state);   // never fails, as the next two: they work on the state alone
        return hash;
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        fixed (State* state = &_state)
        fixed (byte* bytes = data)
        {
            _ = SHA256_Update(state, bytes, (nuint)data.Length);
        }
    }

    /// <summary>Writes the hash, and clears the state.</summary>
    /// <param name="hash">At least 32 bytes.</param>
    public void Finish(Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hash.Length, KeyedHash.HashBytes);
        fixed (State* state = &_state)
        fixed (byte* bytes = hash)
        {
            _ = SHA256_Final(bytes, state);
        }

        _state = default;
    }

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]   // well below a microsecond for what is hashed here: at most some kilobytes
    private static partial int SHA256_Init(State* state);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    private static partial int SHA256_Update(State* state, byte* data, nuint bytes);

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    private static partial int SHA256_Final(byte* hash, State* state);

    /// <summary>SHA256_CTX of openssl/sha.h: eight words of hash, two of length, sixteen of data, and two counts.</summary>
    [InlineArray(28)]
    private struct State
    {
        private uint _word;
    }
}
