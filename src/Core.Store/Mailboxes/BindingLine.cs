using System.Globalization;
using System.Text;
using Core.Store.Presence;

namespace Core.Store.Mailboxes;

/// <summary>Bindings as <c>bindings.lua</c> writes them, one a line: expires, epoch, flow, spent, edge, device, parted by tabs.</summary>
internal static class BindingLine
{
    /// <returns>The flow; null for an empty line: no binding.</returns>
    public static FlowId? Flow(string? line) => Flow(Encoding.UTF8.GetBytes(line ?? string.Empty).AsSpan());

    /// <returns>The flow of the first line; null if there is none.</returns>
    public static FlowId? Flow(ReadOnlySpan<byte> lines)
    {
        if (lines.IsEmpty) return null;
        _ = Field(ref lines);
        long epoch = Number<long>(ref lines);
        ulong flow = Number<ulong>(ref lines);
        _ = Field(ref lines);
        return new FlowId(Encoding.UTF8.GetString(Field(ref lines)), epoch, flow);
    }

    /// <summary>When the registration ends; of a line that <see cref="Flow(string?)"/> can read.</summary>
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
