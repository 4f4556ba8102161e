using System.Text;

namespace Testing.Shared.Sip;

/// <summary>One SIP message as a client saw it: start line, headers in order, body.</summary>
public sealed class SipText
{
    private readonly List<KeyValuePair<string, string>> _headers = [];

    private SipText(string startLine, byte[] body) => (StartLine, Body) = (startLine, body);

    /// <summary>The first line, without its CRLF.</summary>
    public string StartLine { get; }

    /// <summary>The bytes after the blank line.</summary>
    public byte[] Body { get; }

    /// <summary>The body as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The status code of a response, 0 for a request.</summary>
    public int Status => StartLine.StartsWith("SIP/2.0 ", StringComparison.Ordinal) ? int.Parse(StartLine.AsSpan(8, 3), null) : 0;

    /// <summary>The method of a request, empty for a response.</summary>
    public string Method => Status == 0 ? StartLine.Split(' ')[0] : string.Empty;

    /// <summary>All headers, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    /// <summary>The first header of a name, empty without one.</summary>
    public string this[string name] => All(name).FirstOrDefault() ?? string.Empty;

    /// <summary>Every header of a name, in order.</summary>
    public IEnumerable<string> All(string name) =>
        _headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);

    /// <summary>Parses a header block (without the blank line) and its body.</summary>
    public static SipText Parse(string block, byte[] body)
    {
        string[] lines = block.Split("\r\n");
        SipText message = new(lines[0], body);
        foreach (string line in lines.Skip(1).Where(line => line.Length > 0))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0) throw new FormatException($"A header line without a colon: '{line}'.");
            message._headers.Add(new(line[..colon].Trim(), line[(colon + 1)..].Trim()));
        }

        return message;
    }

    /// <summary>The message as text, for a failing test's output.</summary>
    public override string ToString() => $"{StartLine}\n{string.Join('\n', _headers.Select(h => $"{h.Key}: {h.Value}"))}\n\n{Text}";
}
