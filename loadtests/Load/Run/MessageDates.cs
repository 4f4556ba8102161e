using System.Buffers.Text;
using Edge.Sip.Parsing;

namespace Load.Run;

/// <summary>What a delivered message says of its own validity: Date and Expires (spec S28).</summary>
internal static class MessageDates
{
    /// <returns>Seconds since it ended by the clock given; negative while it lasts, and if the message does not say.</returns>
    public static double SecondsAfterExpiry(in SipHeaders headers, DateTimeOffset now)
    {
        if (!Utf8Parser.TryParse(headers.First(SipHeader.Date), out DateTimeOffset accepted, out _, 'R')) return double.NegativeInfinity;
        if (!SipGrammar.TryReadNumber(headers.First(SipHeader.Expires), int.MaxValue, out long seconds)) return double.NegativeInfinity;
        return (now - accepted).TotalSeconds - seconds;
    }
}
