using System.Buffers.Text;
using Edge.Sip.Registrar;

namespace Edge.Sip.Tests.Registrar;

/// <summary>The nonce format of link.proto, NonceKeys.</summary>
public class DigestChallengeTests
{
    private const long Now = 1_700_000_000_000;
    private static readonly byte[] Key = [1, 2, 3];
    private static readonly byte[] OtherKey = [4, 5, 6];
    private readonly DigestChallenge _challenge = new("edge-1");
    private readonly byte[] _nonce = new byte[DigestChallenge.NonceChars];

    public DigestChallengeTests() => _challenge.Write(_nonce, Key, Now, 42);

    [Fact]
    public void Write_Nonce_HasTheFormatOfTheContract()
    {
        byte[] raw = Base64Url.DecodeFromUtf8(_nonce);
        byte[] input = [.. raw[..8], 0, 0, 0, 0, 0, 0, 0, 42, .. "edge-1"u8];
        Assert.Equal(Now, System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(raw));
        Assert.Equal(System.Security.Cryptography.HMACSHA256.HashData(Key, input)[..16], raw[8..]);
    }

    [Fact]
    public void Check_ByAnyKeyInForce_IsGood() => Assert.Equal(NonceVerdict.Good, _challenge.Check(_nonce, [OtherKey, Key], Now + 300_000, 42, out _));

    [Fact]
    public void Check_TooOld_IsStale() => Assert.Equal(NonceVerdict.Stale, _challenge.Check(_nonce, [Key], Now + 300_001, 42, out _));

    [Fact]
    public void Check_OtherFlow_IsStale() => Assert.Equal(NonceVerdict.Stale, _challenge.Check(_nonce, [Key], Now, 43, out _));

    [Fact]
    public void Check_OtherKey_IsStale() => Assert.Equal(NonceVerdict.Stale, _challenge.Check(_nonce, [OtherKey], Now, 42, out _));

    [Fact]
    public void Check_OtherEdge_IsStale() => Assert.Equal(NonceVerdict.Stale, new DigestChallenge("edge-2").Check(_nonce, [Key], Now, 42, out _));

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("????????????????????????????????")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Check_NotANonce_IsStale(string nonce) =>
        Assert.Equal(NonceVerdict.Stale, _challenge.Check(System.Text.Encoding.ASCII.GetBytes(nonce), [Key], Now, 42, out _));
}
