using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Sip.Registrar;

/// <summary>What a nonce turned out to be.</summary>
internal enum NonceVerdict
{
    /// <summary>Made for this connection not long ago.</summary>
    Good,

    /// <summary>Too old, made for another connection or by someone else: challenge again with stale=true, without asking the core.</summary>
    Stale,
}

/// <summary>Makes and checks digest nonces: the format is written in link.proto, at NonceKeys.</summary>
/// <param name="edgeId">Part of what is authenticated: a nonce of another edge is not ours.</param>
internal sealed class DigestChallenge(string edgeId)
{
    /// <summary>Characters of a nonce.</summary>
    public const int NonceChars = 32;

    /// <summary>The core refuses older ones.</summary>
    public const long MostAgeMs = 300_000;

    private const int TimeBytes = 8;
    private const int MacBytes = 16;
    private readonly byte[] _edgeId = Encoding.UTF8.GetBytes(edgeId);

    /// <param name="nonce">Room for <see cref="NonceChars"/>.</param>
    /// <param name="key">The newest nonce key.</param>
    /// <param name="coreTimeMs">Unix milliseconds by the core's clock.</param>
    /// <param name="flow">The connection.</param>
    public void Write(Span<byte> nonce, ReadOnlySpan<byte> key, long coreTimeMs, ulong flow)
    {
        Span<byte> raw = stackalloc byte[TimeBytes + MacBytes];
        BinaryPrimitives.WriteInt64BigEndian(raw, coreTimeMs);
        Authenticate(key, raw[..TimeBytes], flow, raw[TimeBytes..]);
        Base64Url.EncodeToUtf8(raw, nonce);
    }

    /// <param name="madeMs">When it was made, by the core's clock; 0 if it is not one.</param>
    public NonceVerdict Check(ReadOnlySpan<byte> nonce, byte[][] keys, long coreTimeMs, ulong flow, out long madeMs)
    {
        madeMs = 0;
        Span<byte> raw = stackalloc byte[TimeBytes + MacBytes];
        if (nonce.Length != NonceChars || !Base64Url.IsValid(nonce)) return NonceVerdict.Stale;
        if (!Base64Url.TryDecodeFromUtf8(nonce, raw, out int written) || written != raw.Length) return NonceVerdict.Stale;
        madeMs = BinaryPrimitives.ReadInt64BigEndian(raw);
        long age = coreTimeMs - madeMs;
        if (age is < -MostAgeMs or > MostAgeMs) return NonceVerdict.Stale;
        Span<byte> expected = stackalloc byte[MacBytes];
        foreach (byte[] key in keys)
        {
            Authenticate(key, raw[..TimeBytes], flow, expected);
            if (CryptographicOperations.FixedTimeEquals(expected, raw[TimeBytes..])) return NonceVerdict.Good;
        }

        return NonceVerdict.Stale;
    }

    private void Authenticate(ReadOnlySpan<byte> key, ReadOnlySpan<byte> time, ulong flow, Span<byte> mac)
    {
        Span<byte> input = stackalloc byte[TimeBytes + 8 + 256];
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        time.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[TimeBytes..], flow);
        _edgeId.CopyTo(input[(TimeBytes + 8)..]);
        HMACSHA256.HashData(key, input[..(TimeBytes + 8 + _edgeId.Length)], full);
        full[..MacBytes].CopyTo(mac);
    }
}
