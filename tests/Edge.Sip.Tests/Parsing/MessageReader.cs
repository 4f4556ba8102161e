using Edge.Sip.Parsing;
using Edge.Sip.Transactions;

namespace Edge.Sip.Tests.Parsing;

/// <summary>Reads all there is to read in a message, as the server might, and answers it.</summary>
internal static class MessageReader
{
    [ThreadStatic]
    private static SipHeaderSlot[]? _table;

    /// <summary>Frames, parses, checks and answers; returns a number that needs all of it, 0 after a fault.</summary>
    public static int Read(ref SipFramer framer, ReadOnlySpan<byte> unread, SipHeaderSlot[] table, byte[] answer)
    {
        SipFrame frame = framer.Next(unread);
        if (frame.Kind != SipFrameKind.Message) return 0;
        ReadOnlySpan<byte> head = frame.Head(unread), body = frame.Body(unread);
        return SipRequest.IsResponse(head) ? ReadResponse(head, body, table) : ReadRequest(head, body, table, answer);
    }

    /// <summary>Everything, without a framer that would keep the worst away.</summary>
    public static void ReadEverything(ReadOnlySpan<byte> bytes)
    {
        byte[] answer = new byte[bytes.Length + SipResponseWriter.ExtraBytes];
        SipHeaderSlot[] table = _table ??= new SipHeaderSlot[100];
        ReadRequest(bytes, default, table, answer);
        ReadResponse(bytes, default, table);
    }

    private static int ReadResponse(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, SipHeaderSlot[] table)
    {
        SipFault fault = SipResponse.Parse(head, body, table, out SipResponse response);
        return fault == SipFault.None && response.Check(out SipResponseFields fields) == SipFault.None
            ? response.Status + TransactionKey.OfResponse(fields).Value.GetHashCode() % 100
            : 0;
    }

    private static int ReadRequest(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, SipHeaderSlot[] table, byte[] answer)
    {
        SipFault fault = SipRequest.Parse(head, body, table, out SipRequest request);
        SipFault checks = SipRequestChecks.Check(request, out SipRequestFields fields);
        int sum = 1;
        Span<byte> user = stackalloc byte[256];
        if (fields.Uri.TryGetUser(user, out int length)) sum += length;
        if (SipUri.Parse(fields.From.Uri, out SipUri from) == SipFault.None && from.TryGetUser(user, out length)) sum += length;
        if (SipUri.Parse(fields.To.Uri, out SipUri to) == SipFault.None && to.TryGetParameter("ob"u8, out _)) sum++;
        foreach (ReadOnlySpan<byte> value in request.Headers.Values(SipHeader.Contact))
        {
            if (SipContact.TryParse(value, out SipContact contact)) sum += contact.RegId + contact.ExpiresSeconds + contact.Instance.Length;
        }

        for (int i = 0; i < request.Headers.Count; i++)
        {
            sum += request.Headers.Name(i).Length;
            if (request.Headers.Id(i) == SipHeader.Authorization && DigestHeader.TryParse(request.Headers.Value(i), out DigestHeader digest))
            {
                sum += digest.Username.Length + digest.Response.Length;
            }
        }

        if (SipMediaType.TryParse(request.Headers.First(SipHeader.ContentType), out SipMediaType media) && media.IsUtf8Text) sum++;
        if (SipRequestChecks.HasUnknownExtension(request.Headers)) sum++;
        if (checks == SipFault.None) sum += TransactionKey.OfRequest(request, fields).GetHashCode() % 100;

        SipResponseWriter writer = new(answer, 420, request, new ResponseOrigin { Address = "192.0.2.1"u8, Port = 4711, ToTag = "t"u8 });
        writer.AddUnsupported(request.Headers);
        int written = writer.Finish();
        AssertOneHead(answer.AsSpan(0, written));
        return fault == SipFault.None && checks == SipFault.None ? written + Math.Abs(sum) : 0;
    }

    /// <summary>An answer is one head: whatever was echoed, no line is empty but the last, and no CR or LF stands alone.</summary>
    private static void AssertOneHead(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty) throw new InvalidOperationException("the answer does not fit");
        int end = head.IndexOf("\r\n\r\n"u8);
        if (end != head.Length - 4) throw new InvalidOperationException("the answer's head ends early");
        int returns = head.Count((byte)'\r');
        if (returns != head.Count((byte)'\n') || returns != head.Count("\r\n"u8)) throw new InvalidOperationException("a line end of its own");
    }
}
