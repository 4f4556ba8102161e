using System.Text;

namespace Edge.Sip.Parsing;

/// <summary>The option tags this server knows: RFC 5626 (outbound) and RFC 3327 (path).</summary>
internal static class SipExtensions
{
    /// <summary>For the Supported header of our answers.</summary>
    public static ReadOnlySpan<byte> Supported => "outbound, path"u8;

    public static bool IsKnown(ReadOnlySpan<byte> tag) =>
        Ascii.EqualsIgnoreCase(tag, "outbound"u8) || Ascii.EqualsIgnoreCase(tag, "path"u8);
}
