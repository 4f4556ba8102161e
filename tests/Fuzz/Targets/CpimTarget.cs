using Edge.Sip.Parsing;

namespace Fuzz.Targets;

/// <summary>A message/cpim body.</summary>
internal static class CpimTarget
{
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        if (CpimMessage.Parse(bytes, out CpimMessage message) != SipFault.None) return;
        if (message.ContentType.IsEmpty || message.MessageId.Length > CpimMessage.MostMessageIdBytes) throw new InvalidOperationException("taken against its own rules");
        if (message.Content.Length > bytes.Length) throw new InvalidOperationException("more content than body");
        _ = SipMediaType.TryParse(message.ContentType, out _);
    }
}
