using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Api.Grpc.Options;
using Core.Store.Envelopes;
using Edge.Link.V1;
using Microsoft.Extensions.Options;

namespace Api.Grpc.EdgeLink;

/// <summary>Digest nonces: edges make them with keys of the hour that every core derives alike; the core checks age, connection and edge again.</summary>
/// <remarks>Format in link.proto (NonceKeys). Nothing is stored: a nonce proves itself.</remarks>
internal sealed class NonceCheck(IDerivedKeys keys, TimeProvider time, IOptions<EdgeLinkOptions> options)
{
    private const int TimeBytes = 8;
    private const int TagBytes = 16;
    private const int Characters = 32;   // 24 bytes in base64url

    /// <summary>A core whose clock is this much ahead may already have handed out the next hour's key, or stamped a nonce.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _age = options.Value.NonceAge;
    private readonly HourlyKeys _keys = new(keys, time, "nonce");

    /// <summary>The keys in force, newest first.</summary>
    public NonceKeys Keys() => new() { Keys = { _keys.NewestFirst() } };

    /// <summary>Whether an edge made this nonce for this flow, not too long ago.</summary>
    public bool IsFresh(string nonce, string edgeId, ulong flow)
    {
        Span<byte> bytes = stackalloc byte[TimeBytes + TagBytes];
        if (nonce.Length != Characters || Base64Url.DecodeFromChars(nonce, bytes, out _, out int length) != OperationStatus.Done || length != bytes.Length) return false;
        DateTimeOffset now = time.GetUtcNow();
        long ageMs = now.ToUnixTimeMilliseconds() - BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ageMs > _age.TotalMilliseconds || ageMs < -ClockTolerance.TotalMilliseconds) return false;

        Span<byte> input = stackalloc byte[2 * sizeof(long) + 256];
        bytes[..TimeBytes].CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[TimeBytes..], flow);
        input = input[..(2 * sizeof(long) + Encoding.UTF8.GetBytes(edgeId, input[(2 * sizeof(long))..]))];
        return Verifies(_keys.Now, input, bytes[TimeBytes..]) || Verifies(_keys.Before, input, bytes[TimeBytes..])
            || Verifies(_keys.Next, input, bytes[TimeBytes..]);   // of the last seconds, from a core or edge whose clock is ahead
    }

    private static bool Verifies(byte[] key, ReadOnlySpan<byte> input, ReadOnlySpan<byte> tag)
    {
        Span<byte> ours = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, input, ours);
        return CryptographicOperations.FixedTimeEquals(ours[..TagBytes], tag);
    }
}
