using System.Text;

namespace Api.Grpc.Accounts;

/// <summary>Reads CSV with RFC 4180 quoting; CRLF or LF ends a line, blank lines are passed over.</summary>
internal static class CsvReader
{
    /// <summary>All records; a broken one does not stop those on later lines.</summary>
    public static IEnumerable<CsvLine> Read(string csv)
    {
        int at = csv.StartsWith('\uFEFF') ? 1 : 0;   // what spreadsheets put before UTF-8
        int line = 1;
        while (at < csv.Length)
        {
            int number = line;
            List<string>? fields = ReadRecord(csv, ref at, ref line);
            if (fields is [""]) continue;
            yield return new CsvLine(number, fields);
        }
    }

    private static List<string>? ReadRecord(string csv, ref int at, ref int line)
    {
        List<string> fields = [];
        (int start, int first) = (at, line);
        while (true)
        {
            string? field = at < csv.Length && csv[at] == '"' ? ReadQuoted(csv, ref at, ref line) : ReadPlain(csv, ref at);
            if (field is null)
            {
                (at, line) = (start, first);   // an open quote must not swallow the lines after it
                SkipLine(csv, ref at, ref line);
                return null;
            }

            fields.Add(field);
            if (at < csv.Length && csv[at] == ',')
            {
                at++;
                continue;
            }

            SkipLine(csv, ref at, ref line);
            return fields;
        }
    }

    /// <summary>Up to the next comma or line end; a quote inside is a fault.</summary>
    private static string? ReadPlain(string csv, ref int at)
    {
        int length = csv.AsSpan(at).IndexOfAny(',', '\r', '\n');
        if (length < 0) length = csv.Length - at;
        string field = csv.Substring(at, length);
        at += length;
        return field.Contains('"') ? null : field;
    }

    /// <summary>Between quotes, <c>""</c> being one; then a comma, a line end or the end must come.</summary>
    private static string? ReadQuoted(string csv, ref int at, ref int line)
    {
        StringBuilder field = new();
        for (at++; at < csv.Length; at++)
        {
            if (csv[at] == '\n') line++;
            if (csv[at] != '"')
            {
                field.Append(csv[at]);
                continue;
            }

            if (at + 1 < csv.Length && csv[at + 1] == '"')
            {
                field.Append('"');
                at++;
                continue;
            }

            at++;
            return at == csv.Length || csv[at] is ',' or '\r' or '\n' ? field.ToString() : null;
        }

        return null;
    }

    private static void SkipLine(string csv, ref int at, ref int line)
    {
        int end = csv.IndexOf('\n', Math.Min(at, csv.Length));
        at = end < 0 ? csv.Length : end + 1;
        line++;
    }
}
