using System.Globalization;
using System.Text;
using Core.Store.Presence;

namespace Core.Store.Mailboxes;

/// <summary>A binding as <c>bindings.lua</c> writes it: expires, epoch, flow, spent, edge, device, parted by tabs.</summary>
internal static class BindingLine
{
    /// <returns>The flow of the first of some lines; null if there are none.</returns>
    public static FlowId? FirstFlow(ReadOnlySpan<byte> lines)
    {
        if (lines.IsEmpty) return null;
        _ = Field(ref lines);
        long epoch = Number<long>(ref lines);
        ulong flow = Number<ulong>(ref lines);
        _ = Field(ref lines);
        return new FlowId(Encoding.UTF8.GetString(Field(ref lines)), epoch, flow);
    }

    /// <returns>The flow; null for an empty line: no binding.</returns>
    public static FlowId? Flow(string? line)
    {
        if (string.IsNullOrEmpty(line)) return null;
        string[] fields = line.TrimEnd('\n').Split('\t');
        return new FlowId(fields[4], long.Parse(fields[1], CultureInfo.InvariantCulture), ulong.Parse(fields[2], CultureInfo.InvariantCulture));
    }

    /// <summary>When the registration ends; of a line that <see cref="Flow"/> can read.</summary>
    public static DateTimeOffset Expires(string line) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(line.AsSpan(0, line.IndexOf('\t', StringComparison.Ordinal)), CultureInfo.InvariantCulture));

    /// <exception cref="ArgumentException">The text would break the line.</exception>
    public static string Field(string text, string name)
    {
        if (text.AsSpan().ContainsAny('\t', '\n')) throw new ArgumentException("holds a tab or line feed", name);
        return text;
    }

    private static T Number<T>(ref ReadOnlySpan<byte> line) where T : IUtf8SpanParsable<T> => T.Parse(Field(ref line), CultureInfo.InvariantCulture);

    private static ReadOnlySpan<byte> Field(ref ReadOnlySpan<byte> line)
    {
        int end = line.IndexOf((byte)'\t');
        ReadOnlySpan<byte> field = line[..end];
        line = line[(end + 1)..];
        return field;
    }
}
