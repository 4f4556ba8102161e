using System.Security.Cryptography;

namespace Core.Store.Envelopes;

/// <summary>HMAC-SHA256 (RFC 2104) under one key, with what the key makes of the hash's state kept. For any thread.</summary>
/// <remarks>
/// A message takes a dozen of these on its way through a core. Of the runtime's own call 5 parts in 6 go into OpenSSL's providers and error queue, so where OpenSSL is
/// there its SHA-256 is called directly (<see cref="OpenSslSha256"/>); figures in docs/adr/0002. Elsewhere the runtime does it.
/// </remarks>
#pragma warning disable CA1001 // its states live as long as the key, which is as long as the process
public sealed class KeyedHash
#pragma warning restore CA1001
{
    /// <summary>Bytes of a whole hash.</summary>
    public const int HashBytes = HMACSHA256.HashSizeInBytes;

    private const int BlockBytes = 64;
    private const int MostInfoBytes = 64;
    private const byte InnerPad = 0x36, OuterPad = 0x5C;

    private readonly OpenSslSha256 _inner, _outer;   // after their first block, which is the key's
    private readonly ThreadLocal<IncrementalHash>? _portable;

    /// <param name="key">32 random or derived bytes; nothing of them can be read again from here.</param>
    public KeyedHash(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!OpenSslSha256.IsSupported || key.Length > BlockBytes)
        {
            _portable = new ThreadLocal<IncrementalHash>(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key));
            return;
        }

        _inner = Padded(key, InnerPad);
        _outer = Padded(key, OuterPad);
    }

    /// <summary>Writes the first bytes of the hash, as many as there is room for.</summary>
    /// <param name="output">At most <see cref="HashBytes"/>.</param>
    public void Compute(ReadOnlySpan<byte> input, Span<byte> output) => Compute(input, [], output);

    /// <summary>The same of two parts, one behind the other: the first must be of fixed length, or no two inputs may be told apart by where it ends.</summary>
    public void Compute(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        Span<byte> whole = stackalloc byte[HashBytes];
        if (_portable is not null)
        {
            IncrementalHash hash = _portable.Value!;
            hash.AppendData(first);
            hash.AppendData(second);
            hash.GetHashAndReset(whole);
        }
        else
        {
            OpenSslSha256 inner = _inner, outer = _outer;
            inner.Append(first);
            inner.Append(second);
            inner.Finish(whole);
            outer.Append(whole);
            outer.Finish(whole);
        }

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

    private static OpenSslSha256 Padded(ReadOnlySpan<byte> key, byte pad)
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        block.Fill(pad);
        for (int i = 0; i < key.Length; i++) block[i] ^= key[i];
        OpenSslSha256 hash = OpenSslSha256.Start();
        hash.Append(block);
        CryptographicOperations.ZeroMemory(block);
        return hash;
    }
}
