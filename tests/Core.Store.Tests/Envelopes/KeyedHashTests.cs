using System.Security.Cryptography;
using Core.Store.Envelopes;

namespace Core.Store.Tests.Envelopes;

public sealed class KeyedHashTests
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    [Theory]
    [InlineData(0, 32)]
    [InlineData(1, 16)]
    [InlineData(64, 32)]
    [InlineData(700, 8)]
    public void Compute_AnyInput_IsHmacSha256(int bytes, int wanted)
    {
        byte[] input = RandomNumberGenerator.GetBytes(bytes);
        KeyedHash hash = new(_key);
        byte[] output = new byte[wanted];

        for (int again = 0; again < 2; again++)
        {
            hash.Compute(input, output);
            Assert.Equal(HMACSHA256.HashData(_key, input)[..wanted], output);
            hash.Compute(input.AsSpan(0, bytes / 2), input.AsSpan(bytes / 2), output);
            Assert.Equal(HMACSHA256.HashData(_key, input)[..wanted], output);
        }
    }

    [Theory]
    [InlineData(0, 44)]
    [InlineData(31, 44)]
    [InlineData(64, 64)]
    public void Expand_AnyInfo_IsHkdfExpand(int bytes, int wanted)
    {
        byte[] info = RandomNumberGenerator.GetBytes(bytes);
        byte[] output = new byte[wanted];

        new KeyedHash(_key).Expand(info, output);

        Assert.Equal(HKDF.Expand(HashAlgorithmName.SHA256, _key, wanted, info), output);
    }

    [Fact]
    public void Compute_ByManyThreads_EachGetsItsOwn()
    {
        KeyedHash hash = new(_key);

        Parallel.For(0, 10_000, i =>
        {
            byte[] output = new byte[32];
            hash.Compute(BitConverter.GetBytes(i), output);
            Assert.Equal(HMACSHA256.HashData(_key, BitConverter.GetBytes(i)), output);
        });
    }
}
