namespace Edge.Sip.Parsing;

/// <summary>Where one header stands in the head: 20 bytes, filled by <see cref="SipHeaders"/>.</summary>
/// <remarks>The caller brings the table (one array a thread or connection is enough: it is free again when the request is done), so parsing allocates nothing.</remarks>
internal struct SipHeaderSlot
{
    internal SipHeader Id;
    internal int NameStart;
    internal int NameLength;
    internal int ValueStart;
    internal int ValueLength;
}
