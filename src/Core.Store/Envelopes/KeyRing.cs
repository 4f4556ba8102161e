using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Core.Store.Envelopes;

/// <summary>The keys of this installation, read from a file at start and whenever it changes: the newest active one of a purpose seals, all of them open.</summary>
internal sealed class KeyRing : IDerivedKeys
{
    /// <summary>
    /// So many activation delays (2 minutes each by default: an hour) a core seals with what it read last, when the file cannot be read any more. Others may
    /// have rotated meanwhile, and a key is wiped only when whatever such a core sealed with it has ended too.
    /// </summary>
    internal const int StaleDelays = 30;

    /// <summary>A flood of records with made-up key ids must not become a flood of file reads.</summary>
    private static readonly TimeSpan ReloadAtMostEvery = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly TimeSpan _stale;
    private readonly TimeProvider _time;
    private readonly Lock _reloading = new();
    private long _lastReload;
    private FileVersion _seen;
    private long _read;      // when the file was last found sound
    private long _readUtc;   // the same by the clock on the wall: the other one stands still while a virtual machine is paused
    private volatile IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>> _keys;

    /// <exception cref="KeyRingException">The file is missing, open to others or malformed.</exception>
    public KeyRing(IOptions<CoreStoreOptions> options, TimeProvider time)
    {
        _path = options.Value.KeyRingFile;
        _stale = StaleDelays * options.Value.KeyActivationDelay;
        _time = time;
        if (options.Value.CreateKeyRing) KeyRingFile.CreateIfMissing(_path, time.GetUtcNow());
        _seen = FileVersion.Of(_path);
        _keys = KeyRingFile.Read(_path);
        _lastReload = time.GetTimestamp();
        FoundSound(_lastReload);
    }

    /// <summary>The key that seals now.</summary>
    /// <exception cref="StoreUnavailableException">The file could not be read for so long that this key may have been rotated out meanwhile.</exception>
    public RingKey Current(KeyPurpose purpose)
    {
        if (purpose != KeyPurpose.Name && IsStale && (Refresh() is not null || IsStale))
            throw new StoreUnavailableException("The key ring file could not be read for too long: nothing is sealed until it can.");
        return Active(_keys[purpose], _time.GetUtcNow());
    }

    /// <summary>A key by its id. An unknown one reloads the file first: another core may have been told of it earlier.</summary>
    public bool TryGet(KeyPurpose purpose, uint id, [NotNullWhen(true)] out RingKey? key)
    {
        key = Find(purpose, id);
        if (key is not null) return true;
        lock (_reloading)
        {
            if (_time.GetElapsedTime(_lastReload) >= ReloadAtMostEvery) _ = Reload();
        }

        key = Find(purpose, id);   // also when another thread has just read the file
        return key is not null;
    }

    /// <summary>All keys of a purpose, the newest first.</summary>
    public IReadOnlyList<RingKey> All(KeyPurpose purpose) => _keys[purpose];

    /// <summary>Reads the file again if it has changed. Called all the time.</summary>
    /// <returns>Why the keys in memory are not the file's; null if they are.</returns>
    public string? Refresh()
    {
        lock (_reloading)
        {
            FileVersion now = FileVersion.Of(_path);   // before the reading: what is written meanwhile is seen the next time
            if (now != default && now == _seen)
            {
                FoundSound(_time.GetTimestamp());
                return null;
            }

            if (Reload() is { } fault) return fault;
            _seen = now;
            return null;
        }
    }

    /// <summary>Changes the ring on disk, then in memory.</summary>
    /// <param name="change">From the file's keys to others; null to leave them.</param>
    /// <exception cref="KeyRingException">The file cannot be read or written.</exception>
    public bool Change(Func<IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>>, IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>>?> change)
    {
        lock (_reloading)
        {
            if (Reload() is { } fault) throw new KeyRingException(fault);
            if (change(_keys) is not { } changed) return false;
            try
            {
                KeyRingFile.Replace(_path, changed);
            }
            catch (Exception io) when (io is IOException or UnauthorizedAccessException)
            {
                throw new KeyRingException($"Key ring file {_path} cannot be written ({io.GetType().Name}): the core needs the right to make files in its folder.");
            }

            return Reload() is null;
        }
    }

    /// <inheritdoc/>
    public byte[] Derive(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, Current(KeyPurpose.Name).Bytes, 32, salt: [], info: Encoding.UTF8.GetBytes("edge derived key: " + purpose));
    }

    /// <summary>The newest of those that seal by now; the oldest if none does yet.</summary>
    /// <param name="keys">The newest first.</param>
    public static RingKey Active(IReadOnlyList<RingKey> keys, DateTimeOffset now)
    {
        for (int i = 0; i < keys.Count - 1; i++)
        {
            if (keys[i].Activates <= now) return keys[i];
        }

        return keys[^1];
    }

    private bool IsStale =>
        _time.GetElapsedTime(Volatile.Read(ref _read)) > _stale || _time.GetUtcNow().Ticks - Volatile.Read(ref _readUtc) > _stale.Ticks;

    private void FoundSound(long timestamp)
    {
        Volatile.Write(ref _read, timestamp);
        Volatile.Write(ref _readUtc, _time.GetUtcNow().Ticks);
    }

    private RingKey? Find(KeyPurpose purpose, uint id)
    {
        foreach (RingKey key in _keys[purpose])
        {
            if (key.Id == id) return key;
        }

        return null;
    }

    /// <summary>Under the lock. Keys that stay keep what they have counted.</summary>
    private string? Reload()
    {
        _lastReload = _time.GetTimestamp();
        try
        {
            IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>> fresh = KeyRingFile.Read(_path);
            if (!fresh[KeyPurpose.Name][0].Bytes.AsSpan().SequenceEqual(_keys[KeyPurpose.Name][0].Bytes)) return $"Key ring file {_path} is another store's: its name key is not the one from before.";
            _keys = fresh.ToDictionary(p => p.Key, p => (IReadOnlyList<RingKey>)[.. p.Value.Select(k => Find(p.Key, k.Id) is { } old && old.Bytes.AsSpan().SequenceEqual(k.Bytes) ? old : k)]);
            FoundSound(_lastReload);
            return null;
        }
        catch (KeyRingException fault)
        {
            return fault.Message;   // the keys in memory still serve
        }
    }
}
