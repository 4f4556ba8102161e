using System.Text;
using Edge.Sip.Parsing;
using Edge.Sip.Transactions;

namespace Edge.Sip.Tests.Parsing;

/// <summary>What <see cref="FramedStream"/> says, and what each message then is to parser and transactions.</summary>
internal static class TransactedStream
{
    public static List<string> Read(Pieces pieces)
    {
        TransactionTable<object> table = new();
        SipHeaderSlot[] slots = new SipHeaderSlot[100];
        List<string> seen = FramedStream.Read(pieces);
        for (int i = 0; i < seen.Count; i++)
        {
            if (!seen[i].StartsWith("message ", StringComparison.Ordinal)) continue;
            int end = seen[i].IndexOf("\r\n\r\n|", StringComparison.Ordinal) + 4;
            seen[i] += $" > {Take(Encoding.Latin1.GetBytes(seen[i][8..end]), Encoding.Latin1.GetBytes(seen[i][(end + 1)..]), slots, table)}";
        }

        return seen;
    }

    private static string Take(byte[] head, byte[] body, SipHeaderSlot[] slots, TransactionTable<object> table)
    {
        if (SipRequest.IsResponse(head))
        {
            SipFault responseFault = SipResponse.Parse(head, body, slots, out SipResponse response);
            SipResponseFields answered = default;
            if (responseFault == SipFault.None) responseFault = response.Check(out answered);
            return responseFault != SipFault.None ? $"{responseFault}" : table.TryTakeResponse(response, answered, out _) ? "awaited" : "of no request";
        }

        SipFault fault = SipRequest.Parse(head, body, slots, out SipRequest request);
        SipRequestFields fields = default;
        if (fault == SipFault.None) fault = SipRequestChecks.Check(request, out fields);
        if (fault != SipFault.None) return $"{fault}";
        TransactionKey key = TransactionKey.OfRequest(request, fields);
        return $"{table.BeginServer(key)} {table.BeginServer(key)} {table.EndServer(key)}";
    }
}
