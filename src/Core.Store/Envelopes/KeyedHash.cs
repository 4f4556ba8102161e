using System.Security.Cryptography;

namespace Core.Store.Envelopes;

/// <summary>HMAC-SHA256 (RFC 2104) under one key, with the key's schedule kept: a third of what a call with the key's bytes costs. For any thread.</summary>
/// <remarks>A message takes a dozen of these on its way through a core, so their cost is a good part of its cost.</remarks>
#pragma warning disable CA1001 // its states live as long as the key, which is as long as the process
public sealed class KeyedHash
#pragma warning restore CA1001
{
    /// <summary>Bytes of a whole hash.</summary>
    public const int HashBytes = HMACSHA256.HashSizeInBytes;

    private const int MostInfoBytes = 64;

    private readonly ThreadLocal<IncrementalHash> _hash;

    /// <param name="key">32 random or derived bytes; nothing of them can be read again from here.</param>
    public KeyedHash(byte[] key) => _hash = new ThreadLocal<IncrementalHash>(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key));

    /// <summary>Writes the first bytes of the hash, as many as there is room for.</summary>
    /// <param name="output">At most <see cref="HashBytes"/>.</param>
    public void Compute(ReadOnlySpan<byte> input, Span<byte> output) => Compute(input, [], output);

    /// <summary>The same of two parts, one behind the other: the first must be of fixed length, or no two inputs may be told apart by where it ends.</summary>
    public void Compute(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        IncrementalHash hash = _hash.Value!;
        hash.AppendData(first);
        if (!second.IsEmpty) hash.AppendData(second);   // each call is one of OpenSSL's, with its price
        if (output.Length == HashBytes)
        {
            hash.GetHashAndReset(output);
            return;
        }

        Span<byte> whole = stackalloc byte[HashBytes];
        hash.GetHashAndReset(whole);
        whole[..output.Length].CopyTo(output);
    }

    /// <summary>HKDF-Expand (RFC 5869 §2.3) with this key as the pseudorandom key; the ring's keys are random, so there is nothing to extract (§3.3).</summary>
    /// <param name="info">At most 64 bytes.</param>
    /// <param name="output">At most 64 bytes: two blocks.</param>
    internal void Expand(ReadOnlySpan<byte> info, Span<byte> output)
    {
        Span<byte> blocks = stackalloc byte[2 * HashBytes];
        Span<byte> input = stackalloc byte[HashBytes + MostInfoBytes + 1];
        info.CopyTo(input[HashBytes..]);
        input = input[..(HashBytes + info.Length + 1)];
        input[^1] = 1;
        Compute(input[HashBytes..], blocks[..HashBytes]);
        blocks[..HashBytes].CopyTo(input);
        input[^1] = 2;
        Compute(input, blocks[HashBytes..]);
        blocks[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(blocks);
        CryptographicOperations.ZeroMemory(input);
    }
}
