namespace Core.Store;

/// <summary>By what a file is known to have changed: time of writing and length, of the file behind a link, since mounted configuration is replaced by turning one.</summary>
public readonly record struct FileVersion(DateTime Written, long Bytes)
{
    /// <summary>Of a file; the default value if it is missing or cannot be looked at, which whoever reads it then explains.</summary>
    public static FileVersion Of(string path)
    {
        try
        {
            FileInfo file = new(path);
            FileInfo target = file.Exists && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo behind ? behind : file;
            return target.Exists ? new FileVersion(target.LastWriteTimeUtc, target.Length) : default;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
