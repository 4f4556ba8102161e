using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Core.Store.Envelopes;

/// <summary>The key ring on disk: JSON, readable by its owner alone. It lies outside Redis, so that a copy of Redis opens nothing.</summary>
/// <example>
/// <c>{"version":1,"keys":[{"id":1,"purpose":"message","created":"2026-01-01T00:00:00Z","activates":"2026-01-01T00:02:00Z","key":"base64 of 32 bytes"}]}</c>;
/// a key without <c>activates</c> seals from the beginning.
/// </example>
internal static partial class KeyRingFile
{
    private const int KeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Makes a ring with one fresh key for each purpose, unless the file is there by the time it is written.</summary>
    /// <remarks>Cores that start together agree: publishing the file replaces none, and all of them read the winner's.</remarks>
    /// <exception cref="KeyRingException">It cannot be made there.</exception>
    public static void CreateIfMissing(string path, DateTimeOffset now)
    {
        if (File.Exists(path)) return;
        try
        {
            Create(Path.GetFullPath(path), now);
        }
        catch (Exception io) when (io is IOException or UnauthorizedAccessException)
        {
            throw new KeyRingException($"Key ring file {path} cannot be made: {io.Message}");
        }
    }

    private static void Create(string full, DateTimeOffset now)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        uint id = 0;
        string fresh = WriteBeside(full, Enum.GetValues<KeyPurpose>().Select(p => new Entry(++id, p, now, RandomNumberGenerator.GetBytes(KeyBytes))));
        try
        {
            Publish(fresh, full);
            SyncFolder(full);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <summary>Puts other keys in the place of those in the file, in one step.</summary>
    /// <remarks>
    /// Two writers at once: the later one's ring stands. A key that is lost by that has sealed nothing yet (activation delay).
    /// The blocks of the file that was there are free, not written over: that would do nothing on most disks, and harm a backup made by a hard link.
    /// </remarks>
    public static void Replace(string path, IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>> keys)
    {
        string full = Path.GetFullPath(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        string fresh = WriteBeside(full, keys.SelectMany(purpose => purpose.Value.Select(k => new Entry(k.Id, purpose.Key, k.Created, k.Bytes, k.Activates))).OrderBy(k => k.Id));
        try
        {
            File.Move(fresh, full, overwrite: true);
            SyncFolder(full);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="KeyRingException">Missing, readable by others, malformed, or a purpose without a key.</exception>
    public static IReadOnlyDictionary<KeyPurpose, IReadOnlyList<RingKey>> Read(string path)
    {
        if (!File.Exists(path))
            throw new KeyRingException($"Key ring file {path} is missing. Restore it from its backup, or set CoreStore:CreateKeyRing for a new, empty store.");
        Content ring;
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
                throw new KeyRingException($"Key ring file {path} is open to others. Run: chmod 0600 {path}");
            using FileStream file = File.OpenRead(path);
            ring = JsonSerializer.Deserialize<Content>(file, Json) ?? throw new JsonException("empty");
        }
        catch (Exception fault) when (fault is JsonException or FormatException or UnauthorizedAccessException or IOException)
        {
            throw new KeyRingException($"Key ring file {path} cannot be read: {fault.GetType().Name}.");   // a parser's message may quote a key
        }

        if (ring.Version != 1) throw new KeyRingException($"Key ring file {path} has version {ring.Version}; this program knows version 1.");
        if (ring.Keys is null || ring.Keys.Any(k => k is not { Key.Length: KeyBytes } || k.Id == 0))
            throw new KeyRingException($"Key ring file {path} has no keys, a key that is not 32 bytes, or an id of 0.");
        List<Entry> entries = [.. ring.Keys.OfType<Entry>()];
        if (entries.Select(k => k.Id).Distinct().Count() != entries.Count)
            throw new KeyRingException($"Key ring file {path} has a key id twice.");

        Dictionary<KeyPurpose, IReadOnlyList<RingKey>> keys = [];
        foreach (KeyPurpose purpose in Enum.GetValues<KeyPurpose>())
        {
            keys[purpose] = [.. entries.Where(k => k.Purpose == purpose).OrderByDescending(k => k.Id).Select(k => new RingKey(k.Id, k.Key, k.Created, k.Activates ?? k.Created))];
            if (keys[purpose].Count == 0) throw new KeyRingException($"Key ring file {path} has no key for the purpose {purpose}.");
        }

        if (keys[KeyPurpose.Name].Count > 1) throw new KeyRingException($"Key ring file {path} has more than one name key; it is never rotated.");
        return keys;
    }

    /// <returns>The path of a private file in the same folder, on disk for certain.</returns>
    private static string WriteBeside(string full, IEnumerable<Entry> keys)
    {
        string fresh = $"{full}.{Guid.NewGuid():N}";
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using FileStream file = new(fresh, options);
        JsonSerializer.Serialize(file, new Content(1, [.. keys]), Json);
        file.Flush(flushToDisk: true);   // what is sealed with a key that a power cut loses would be lost with it
        return fresh;
    }

    /// <summary>Gives the finished file its name in one step, unless that name is taken by now: then another core was first.</summary>
    /// <remarks>
    /// On Unix by link(2), which fails where the name exists. File.Move without overwriting only looks first and then renames, and so
    /// let two cores that started together each believe in a ring of its own.
    /// </remarks>
    private static void Publish(string fresh, string full)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(fresh, full, overwrite: false);
            }
            catch (IOException) when (File.Exists(full))
            {
                // Another core was first.
            }
        }
        else if (Link(fresh, full) != 0 && !File.Exists(full))
        {
            throw new IOException($"The key ring cannot be given its name (error {Marshal.GetLastPInvokeError()}): use a file system with hard links.");
        }
    }

    /// <summary>Makes the new name durable (fsync(2) of the folder): with the name lost, what was sealed meanwhile would be lost too.</summary>
    private static void SyncFolder(string file)
    {
        if (OperatingSystem.IsWindows()) return;
        int descriptor = Open(Path.GetDirectoryName(file)!, 0);
        if (descriptor < 0) return;
        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string existing, string name);

    private sealed record Content(int Version, List<Entry?>? Keys);

    private sealed record Entry(uint Id, KeyPurpose Purpose, DateTimeOffset Created, byte[] Key, DateTimeOffset? Activates = null);
}
