using Core.Store.Envelopes;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Core.Store.Tests.Support;

/// <summary>A folder of its own for a key ring.</summary>
internal sealed class RingFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-ring-").FullName;

    public string Path => System.IO.Path.Combine(_folder, "keys.json");

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public KeyRing Open(bool create = true) => new(Options.Create(new CoreStoreOptions { KeyRingFile = Path, CreateKeyRing = create }), Time);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
