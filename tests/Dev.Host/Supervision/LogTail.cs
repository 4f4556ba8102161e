using System.Text;

namespace Dev.Host.Supervision;

/// <summary>The end of a log file, to show why a part died.</summary>
internal static class LogTail
{
    private const int Lines = 12;
    private const int Bytes = 16_384;

    /// <param name="file">The log file; it may be missing.</param>
    /// <param name="from">Nothing before this offset is shown.</param>
    public static string Read(string file, long from)
    {
        if (!File.Exists(file))
        {
            return "  (nothing)";
        }

        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(Math.Max(from, stream.Length - Bytes), SeekOrigin.Begin);
        using StreamReader reader = new(stream, Encoding.UTF8);
        string[] lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0 ? "  (nothing)" : string.Join('\n', lines.TakeLast(Lines).Select(line => "  " + line));
    }
}
