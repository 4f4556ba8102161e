using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Api.Grpc.EdgeLink;
using Api.Grpc.Options;
using Api.Grpc.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Nonces (link.proto, NonceKeys): keys by the hour, age, and clocks that differ a little.</summary>
public sealed class NonceCheckTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 59, 50, TimeSpan.Zero));
    private readonly NonceCheck _nonces;

    public NonceCheckTests() => _nonces = new NonceCheck(new TestKeys(), _time, Microsoft.Extensions.Options.Options.Create(new EdgeLinkOptions()));

    [Fact]
    public void IsFresh_MadeBeforeTheHourTurned_StillVerifies()
    {
        string nonce = Make(_nonces.Keys().Keys[0].Span, _time.GetUtcNow());
        Assert.True(_nonces.IsFresh(nonce, "edge-1", 7));
        _time.Advance(TimeSpan.FromSeconds(200));   // 04:03:10: the key is the last hour's now
        Assert.True(_nonces.IsFresh(nonce, "edge-1", 7));
        Assert.Equal(nonce, Make(_nonces.Keys().Keys[1].Span, _time.GetUtcNow().AddSeconds(-200)));
    }

    [Fact]
    public void IsFresh_ByAge_UpTo300SecondsAndALittleAhead()
    {
        ReadOnlySpan<byte> key = _nonces.Keys().Keys[0].Span;
        Assert.True(_nonces.IsFresh(Make(key, _time.GetUtcNow().AddSeconds(-300)), "edge-1", 7));
        Assert.False(_nonces.IsFresh(Make(key, _time.GetUtcNow().AddSeconds(-300.001)), "edge-1", 7));
        Assert.True(_nonces.IsFresh(Make(key, _time.GetUtcNow().AddSeconds(5)), "edge-1", 7));
        Assert.False(_nonces.IsFresh(Make(key, _time.GetUtcNow().AddSeconds(6)), "edge-1", 7));
    }

    [Fact]
    public void IsFresh_KeyOfTwoHoursAgo_Refused()
    {
        byte[] key = _nonces.Keys().Keys[0].ToByteArray();
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(_nonces.IsFresh(Make(key, _time.GetUtcNow()), "edge-1", 7));
    }

    [Fact]
    public void IsFresh_CoreAheadHasTheNextHoursKey_Verifies()
    {
        NonceCheck ahead = new(new TestKeys(), new FakeTimeProvider(_time.GetUtcNow().AddSeconds(11)), Microsoft.Extensions.Options.Options.Create(new EdgeLinkOptions()));
        _time.Advance(TimeSpan.FromSeconds(8));   // 03:59:58 here, 04:00:01 there
        Assert.True(_nonces.IsFresh(Make(ahead.Keys().Keys[0].Span, _time.GetUtcNow()), "edge-1", 7));
    }

    [Fact]
    public void IsFresh_WhateverAClientSends_NeverThrows()
    {
        for (int length = 0; length < 64; length++)
        {
            Assert.False(_nonces.IsFresh(Convert.ToBase64String(RandomNumberGenerator.GetBytes(length)), "edge-1", 7));
            Assert.False(_nonces.IsFresh(new string('\u00e9', length), "edge-1", 7));
            Assert.False(_nonces.IsFresh(new string('=', length), "edge-1", 7));
        }
    }

    private static string Make(ReadOnlySpan<byte> key, DateTimeOffset made)
    {
        byte[] input = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(input, made.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64BigEndian(input.AsSpan(8), 7);
        byte[] tag = HMACSHA256.HashData(key, (byte[])[.. input, .. Encoding.UTF8.GetBytes("edge-1")]);
        return Base64Url.EncodeToString([.. input.AsSpan(0, 8), .. tag.AsSpan(0, 16)]);
    }
}
