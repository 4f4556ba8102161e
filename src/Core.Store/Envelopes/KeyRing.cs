using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Core.Store.Envelopes;

/// <summary>The keys of this installation, read from a file at start: the newest of a purpose seals, all of them open.</summary>
internal sealed class KeyRing : IDerivedKeys
{
    /// <summary>A flood of records with made-up key ids must not become a flood of file reads.</summary>
    private static readonly TimeSpan ReloadAtMostEvery = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Lock _reloading = new();
    private long _lastReload;
    private volatile IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>> _keys;

    /// <exception cref="KeyRingException">The file is missing, open to others or malformed.</exception>
    public KeyRing(IOptions<CoreStoreOptions> options, TimeProvider time)
    {
        _path = options.Value.KeyRingFile;
        _time = time;
        if (options.Value.CreateKeyRing) KeyRingFile.CreateIfMissing(_path, time.GetUtcNow());
        _keys = KeyRingFile.Read(_path);
        _lastReload = time.GetTimestamp();
    }

    /// <summary>The key that seals now.</summary>
    public RingKey Current(KeyPurpose purpose) => _keys[purpose][0];

    /// <summary>A key by its id. An unknown one reloads the file first: another core may have been told of it earlier.</summary>
    public bool TryGet(KeyPurpose purpose, uint id, [NotNullWhen(true)] out RingKey? key)
    {
        key = Find(purpose, id);
        if (key is not null) return true;
        Reload();
        key = Find(purpose, id);   // also when another thread has just read the file
        return key is not null;
    }

    /// <inheritdoc/>
    public byte[] Derive(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, Current(KeyPurpose.Name).Bytes, 32, salt: [], info: Encoding.UTF8.GetBytes("edge derived key: " + purpose));
    }

    private RingKey? Find(KeyPurpose purpose, uint id)
    {
        foreach (RingKey key in _keys[purpose])
        {
            if (key.Id == id) return key;
        }

        return null;
    }

    private void Reload()
    {
        lock (_reloading)
        {
            if (_time.GetElapsedTime(_lastReload) < ReloadAtMostEvery) return;
            _lastReload = _time.GetTimestamp();
            try
            {
                IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>> fresh = KeyRingFile.Read(_path);
                if (fresh[KeyPurpose.Name][0].Bytes.AsSpan().SequenceEqual(Current(KeyPurpose.Name).Bytes)) _keys = fresh;   // else another store's ring
            }
            catch (KeyRingException)
            {
                // The keys in memory still serve.
            }
        }
    }
}
