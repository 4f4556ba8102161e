using System.Text;
using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

/// <summary>Runs a framer over reads the way a connection does, and writes down what it says.</summary>
internal static class FramedStream
{
    /// <summary>Lines like <c>ping</c>, <c>message HEAD BODY</c>, <c>fault BadLineEnd</c>; last <c>waits N</c> if bytes are left over.</summary>
    public static List<string> Read(Pieces pieces, SipLimits? limits = null)
    {
        limits ??= new SipLimits();
        SipFramer framer = new(limits);
        List<string> seen = [];
        byte[] unread = [];
        foreach (byte[] read in pieces.Reads)
        {
            unread = [.. unread, .. read];
            while (true)
            {
                SipFrame frame = framer.Next(unread);
                if (frame.Kind == SipFrameKind.Fault)
                {
                    seen.Add($"fault {frame.Fault}");
                    return seen;
                }

                if (frame.Kind == SipFrameKind.Message)
                {
                    seen.Add($"message {Text(frame.Head(unread))}|{Text(frame.Body(unread))}");
                }
                else if (frame.Kind == SipFrameKind.Ping)
                {
                    seen.Add("ping");
                }

                unread = unread[frame.Consumed..];
                if (frame.Kind == SipFrameKind.NeedMore) break;
            }

            Assert.True(unread.Length <= limits.MessageBytes, "more bytes wait than the limits allow");
        }

        if (unread.Length > 0) seen.Add($"waits {unread.Length}");
        return seen;
    }

    public static List<string> Read(string text, SipLimits? limits = null) => Read(Pieces.Whole(Sample.Bytes(text)), limits);

    public static SipFault FaultOf(string text, SipLimits? limits = null)
    {
        string last = Read(text, limits)[^1];
        return last.StartsWith("fault ", StringComparison.Ordinal) ? Enum.Parse<SipFault>(last[6..]) : SipFault.None;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
