using System.Text;

namespace Dev.Host;

/// <summary>Writes files so that a reader sees the old or the new content, never half of it.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everyone = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a secret: mode 0600 from its first byte on.</summary>
    public static void WriteSecret(string path, string content) => Write(path, content, OwnerOnly);

    /// <summary>Writes a file that anybody may read: mode 0644.</summary>
    public static void WritePublic(string path, string content) => Write(path, content, Everyone);

    private static void Write(string path, string content, UnixFileMode mode)
    {
        string fresh = path + ".new";
        File.Delete(fresh);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        using (FileStream file = new(fresh, options))
        {
            file.Write(Encoding.UTF8.GetBytes(content));
        }

        File.Move(fresh, path, overwrite: true);
    }
}
