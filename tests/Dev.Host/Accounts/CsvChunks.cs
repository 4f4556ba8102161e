using System.Text;

namespace Dev.Host.Accounts;

/// <summary>Cuts a CSV file into pieces that one import call takes.</summary>
internal static class CsvChunks
{
    /// <summary>Most lines of a call: the admin API's limit.</summary>
    public const int Lines = 10_000;

    /// <summary>Most bytes of a call. The limit is 2 MiB of text; JSON may double quotes and backslashes.</summary>
    public const int Bytes = 1024 * 1024;

    /// <summary>The pieces in order, each with the number of its first line, from 1. A quoted field keeps its line breaks together.</summary>
    public static IEnumerable<(int FirstLine, string Csv)> Cut(IEnumerable<string> lines)
    {
        StringBuilder piece = new();
        int firstLine = 1, count = 0, bytes = 0, number = 0;
        bool inQuotes = false;
        foreach (string line in lines)
        {
            number++;
            int size = Encoding.UTF8.GetByteCount(line) + 1;
            if (!inQuotes && count > 0 && (count == Lines || bytes + size > Bytes))
            {
                yield return (firstLine, piece.ToString());
                piece.Clear();
                (firstLine, count, bytes) = (number, 0, 0);
            }

            piece.Append(line).Append('\n');
            inQuotes ^= line.Count(letter => letter == '"') % 2 == 1;
            count++;
            bytes += size;
        }

        if (count > 0)
        {
            yield return (firstLine, piece.ToString());
        }
    }
}
