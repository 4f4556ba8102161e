using System.Security.Cryptography;
using Core.Store.Envelopes;

namespace Core.Store.Tests.Envelopes;

/// <summary>The direct calls against the runtime's AES-GCM, either way.</summary>
public sealed class OpenSslAesGcmTests
{
    private const int TagBytes = 16;

    public OpenSslAesGcmTests() => Assert.SkipUnless(OpenSslAesGcm.IsSupported, "no OpenSSL 3 here: the runtime's own AES-GCM is used");

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 88)]
    [InlineData(1, 0)]
    [InlineData(720, 88)]
    [InlineData(4_180, 88)]
    public void SealAndOpen_AnyLengths_AgreeWithTheRuntime(int bytes, int contextBytes)
    {
        (byte[] key, byte[] nonce, byte[] plain, byte[] context) = (Random(32), Random(12), Random(bytes), Random(contextBytes));
        byte[] expected = new byte[bytes + TagBytes], output = new byte[bytes + TagBytes], opened = new byte[bytes];
        using AesGcm aes = new(key, TagBytes);
        aes.Encrypt(nonce, plain, expected.AsSpan(0, bytes), expected.AsSpan(bytes), context);

        OpenSslAesGcm.Seal(key, nonce, context, plain, output);

        Assert.Equal(expected, output);
        Assert.True(OpenSslAesGcm.TryOpen(key, nonce, context, output, opened));
        Assert.Equal(plain, opened);
    }

    [Fact]
    public void TryOpen_OneBitAltered_IsRefusedAndTellsNothing()
    {
        (byte[] key, byte[] nonce, byte[] context) = (Random(32), Random(12), Random(20));
        byte[] output = new byte[40 + TagBytes];
        OpenSslAesGcm.Seal(key, nonce, context, Random(40), output);
        byte[] plain = new byte[40];

        foreach (byte[] part in (byte[][])[key, nonce, context, output])
        {
            for (int bit = 0; bit < part.Length * 8; bit++)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                plain.AsSpan().Fill(0xAA);
                Assert.False(OpenSslAesGcm.TryOpen(key, nonce, context, output, plain));
                Assert.All(plain, static b => Assert.Equal(0, b));
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.True(OpenSslAesGcm.TryOpen(key, nonce, context, output, plain));
    }

    [Fact]
    public void SealAndOpen_ByManyThreads_EachHasItsOwn() => Parallel.For(0, 10_000, i =>
    {
        (byte[] key, byte[] plain) = (Random(32), BitConverter.GetBytes(i));
        byte[] output = new byte[plain.Length + TagBytes], opened = new byte[plain.Length];
        OpenSslAesGcm.Seal(key, new byte[12], [], plain, output);
        Assert.True(OpenSslAesGcm.TryOpen(key, new byte[12], [], output, opened));
        Assert.Equal(plain, opened);
    });

    [Theory]
    [InlineData(31, 12, 20)]
    [InlineData(32, 11, 20)]
    [InlineData(32, 12, 19)]
    public void Seal_WrongLength_Throws(int key, int nonce, int output) =>
        Assert.Throws<ArgumentException>(() => OpenSslAesGcm.Seal(new byte[key], new byte[nonce], [], new byte[4], new byte[output]));

    private static byte[] Random(int bytes) => RandomNumberGenerator.GetBytes(bytes);
}
