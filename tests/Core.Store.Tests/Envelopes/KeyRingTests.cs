using System.Text.Json.Nodes;
using Core.Store.Envelopes;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Options;

namespace Core.Store.Tests.Envelopes;

/// <summary>The key ring file: made private, refused when it is not, and never invented over a lost one.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]   // file modes are Unix
public sealed class KeyRingTests : IDisposable
{
    private readonly RingFolder _ring = new();

    [Fact]
    public void Open_MissingAndMayCreate_PrivateFileWithEveryPurpose()
    {
        KeyRing ring = _ring.Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_ring.Path));
        byte[][] keys = [.. Enum.GetValues<KeyPurpose>().Select(p => ring.Current(p).Bytes)];
        Assert.Equal(4, keys.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal([_ring.Path], Directory.GetFiles(Path.GetDirectoryName(_ring.Path)!));   // nothing half-written is left
    }

    [Fact]
    public void Open_Again_SameKeys() => Assert.Equal(_ring.Open().Derive("x"), _ring.Open(create: false).Derive("x"));

    [Fact]   // cores that start together agree on one ring
    public async Task Open_ManyAtOnce_OneRing()
    {
        byte[][] derived = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => _ring.Open().Derive("x"))));
        Assert.Single(derived.Select(Convert.ToHexString).Distinct());
    }

    [Fact]   // a lost ring must not be replaced in silence: every account would be orphaned
    public void Open_MissingAndMayNotCreate_RefusedWithAdvice() =>
        Assert.Contains("CreateKeyRing", Assert.Throws<KeyRingException>(() => _ring.Open(create: false)).Message, StringComparison.Ordinal);

    [Fact]   // a file stands where its folder should
    public void Open_MissingAndCannotBeMade_SaidPlainly()
    {
        _ring.Open();
        KeyRingException fault = Assert.Throws<KeyRingException>(
            () => new KeyRing(Options.Create(new CoreStoreOptions { KeyRingFile = Path.Combine(_ring.Path, "ring.json"), CreateKeyRing = true }), _ring.Time));
        Assert.Contains("cannot be made", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void Open_ReadableByOthers_RefusedWithAdvice(UnixFileMode extra)
    {
        _ring.Open();
        File.SetUnixFileMode(_ring.Path, File.GetUnixFileMode(_ring.Path) | extra);
        Assert.Contains("chmod 0600", Assert.Throws<KeyRingException>(() => _ring.Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version", "2")]
    [InlineData("keys", "[]")]
    [InlineData("keys", "null")]
    [InlineData("keys", "[null]")]
    [InlineData("surprise", "1")]
    public void Open_Malformed_Refused(string name, string value)
    {
        _ring.Open();
        JsonNode file = JsonNode.Parse(File.ReadAllText(_ring.Path))!;
        file[name] = JsonNode.Parse(value);
        File.WriteAllText(_ring.Path, file.ToJsonString());
        Assert.Throws<KeyRingException>(() => _ring.Open());
    }

    [Theory]
    [InlineData("key", "\"AAAA\"")]
    [InlineData("id", "0")]
    [InlineData("id", "2")]
    [InlineData("purpose", "\"other\"")]
    [InlineData("purpose", "\"message\"")]   // then a purpose has none
    public void Open_BadEntry_RefusedWithoutQuotingKeys(string name, string value)
    {
        _ring.Open();
        JsonNode file = JsonNode.Parse(File.ReadAllText(_ring.Path))!;
        string secret = file["keys"]![3]!["key"]!.GetValue<string>();
        file["keys"]![3]![name] = JsonNode.Parse(value);
        File.WriteAllText(_ring.Path, file.ToJsonString());
        Assert.DoesNotContain(secret, Assert.Throws<KeyRingException>(() => _ring.Open()).Message, StringComparison.Ordinal);
    }

    [Fact]   // design: a core that meets an unknown key id reloads the file first
    public void TryGet_KeyAddedToTheFile_FoundAfterReload()
    {
        KeyRing ring = _ring.Open();
        JsonNode file = JsonNode.Parse(File.ReadAllText(_ring.Path))!;
        JsonNode added = file["keys"]![0]!.DeepClone();
        added["id"] = 9;
        ((JsonArray)file["keys"]!).Add(added);
        File.WriteAllText(_ring.Path, file.ToJsonString());
        Assert.False(ring.TryGet(KeyPurpose.Message, 9, out _));   // a second has not gone by: files are not read at a peer's will
        _ring.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(ring.TryGet(KeyPurpose.Message, 9, out _));
        Assert.Equal(9u, ring.Current(KeyPurpose.Message).Id);
    }

    [Fact]   // many threads meet a new key id together: one reads the file, all of them find the key
    public async Task TryGet_KeyAddedMetByManyAtOnce_AllFindIt()
    {
        KeyRing ring = _ring.Open();
        JsonNode file = JsonNode.Parse(File.ReadAllText(_ring.Path))!;
        for (uint id = 9; id < 60; id++)
        {
            uint wanted = id;
            JsonNode added = file["keys"]![0]!.DeepClone();
            added["id"] = wanted;
            ((JsonArray)file["keys"]!).Add(added);
            File.WriteAllText(_ring.Path, file.ToJsonString());
            _ring.Time.Advance(TimeSpan.FromSeconds(1));
            using Barrier together = new(8);
            bool[] found = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    return ring.TryGet(KeyPurpose.Message, wanted, out RingKey? _);
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.DoesNotContain(false, found);
        }
    }

    [Fact]
    public void Derive_ByPurpose_DifferentAndStable()
    {
        KeyRing ring = _ring.Open();
        Assert.Equal(32, ring.Derive("nonce 1").Length);
        Assert.Equal(ring.Derive("nonce 1"), ring.Derive("nonce 1"));
        Assert.NotEqual(ring.Derive("nonce 1"), ring.Derive("nonce 2"));
    }

    [Fact]   // a virtual machine that was paused for days: its steady clock has not noticed, and others have rotated and wiped meanwhile
    public void Current_AfterAPauseThatOnlyTheWallClockSaw_TheFileIsReadFirst()
    {
        PausedMachine time = new();
        _ring.Open();
        KeyRing ring = new(Options.Create(new CoreStoreOptions { KeyRingFile = _ring.Path }), time);
        JsonNode file = JsonNode.Parse(File.ReadAllText(_ring.Path))!;
        JsonNode added = file["keys"]![0]!.DeepClone();
        added["id"] = 9;
        ((JsonArray)file["keys"]!).Add(added);
        File.WriteAllText(_ring.Path, file.ToJsonString());
        Assert.Equal(1u, ring.Current(KeyPurpose.Message).Id);   // it looks at the file by a timer, which has not come round
        time.Now += TimeSpan.FromDays(4);
        Assert.Equal(9u, ring.Current(KeyPurpose.Message).Id);
        File.Delete(_ring.Path);
        time.Now += TimeSpan.FromDays(4);
        Assert.Throws<StoreUnavailableException>(() => ring.Current(KeyPurpose.Message));
    }

    /// <summary>Its timestamps stand still.</summary>
    private sealed class PausedMachine : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => 0;
    }

    public void Dispose() => _ring.Dispose();

    [Fact]   // docs/adr/0002: the argument about nonces holds for so many
    public void CountSeal_LimitReached_Refused()
    {
        RingKey key = new(1, new byte[32], default, default) { Seals = RingKey.MostSeals - 1 };
        key.CountSeal();
        Assert.Contains("Rotate", Assert.Throws<StoreUnavailableException>(key.CountSeal).Message, StringComparison.Ordinal);
    }
}
