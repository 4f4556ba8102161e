using Edge.Sip.Parsing;
using Edge.Sip.Tests.Torture;
using Edge.Sip.Transactions;

namespace Edge.Sip.Tests.Parsing;

/// <summary>The torture messages of RFC 4475, byte for byte, if <c>EDGE_RFC4475</c> names their folder. Without it the run says so: skipped, never silently passed.</summary>
public sealed class Rfc4475Tests
{
    /// <summary>Files that cannot be framed on a stream, and why; every other one is a whole message.</summary>
    private static readonly Dictionary<string, string> Unframed = new(StringComparer.Ordinal)
    {
        ["baddn"] = "waits",
        ["clerr"] = "fault BodyTooLarge",
        ["inv2543"] = "fault MissingContentLength",
        ["mcl01"] = "fault RepeatedContentLength",
        ["ncl"] = "fault BadContentLength",
    };

    /// <summary>The messages that are malformed, and what we say to them (requests) or drop them for (responses).</summary>
    private static readonly Dictionary<string, SipFault> Faulty = new(StringComparer.Ordinal)
    {
        ["badaspec"] = SipFault.BadTo,
        ["badinv01"] = SipFault.BadVia,
        ["badvers"] = SipFault.UnsupportedVersion,
        ["bcast"] = SipFault.RepeatedHeader,
        ["bext01"] = SipFault.UnsupportedExtension,
        ["bigcode"] = SipFault.BadStatusLine,
        ["clerr"] = SipFault.BodyTooLarge,
        ["escruri"] = SipFault.BadRequestUri,
        ["insuf"] = SipFault.MissingHeader,
        ["inv2543"] = SipFault.MissingContentLength,
        ["ltgtruri"] = SipFault.BadRequestUri,
        ["lwsruri"] = SipFault.BadRequestUri,
        ["lwsstart"] = SipFault.BadRequestUri,
        ["mcl01"] = SipFault.RepeatedContentLength,
        ["mismatch01"] = SipFault.CSeqMethodMismatch,
        ["mismatch02"] = SipFault.CSeqMethodMismatch,
        ["multi01"] = SipFault.RepeatedHeader,
        ["ncl"] = SipFault.BadContentLength,
        ["novelsc"] = SipFault.UnsupportedUriScheme,
        ["quotbal"] = SipFault.BadTo,
        ["regbadct"] = SipFault.BadContact,
        ["scalar02"] = SipFault.BadCSeq,
        ["scalarlg"] = SipFault.BadCSeq,
        ["test"] = SipFault.BadRequestUri,
        ["trws"] = SipFault.BadRequestUri,
        ["unkscm"] = SipFault.UnsupportedUriScheme,
    };

    [Fact]
    public void Frame_EachFile_AsItsDeclaredLengthSays()
    {
        foreach ((string name, byte[] bytes) in Rfc4475.Files())
        {
            string first = FramedStream.Read(Pieces.Whole(bytes))[0];
            Assert.StartsWith(Unframed.GetValueOrDefault(name, "message"), first, StringComparison.Ordinal);
        }
    }

    /// <summary>Framer, parser and transactions say the same however a message is cut.</summary>
    [Fact]
    public void Transact_EachFileCutAnywhere_SameOutcome()
    {
        int splits = 0, opened = 0;
        List<string> faults = [];
        foreach ((string name, byte[] bytes) in Rfc4475.Files())
        {
            List<string> whole = TransactedStream.Read(Pieces.Whole(bytes));
            opened += whole.Count(static line => line.EndsWith(" > New Repeat True", StringComparison.Ordinal));
            foreach (Pieces pieces in Pieces.Every(bytes))
            {
                if (FaultOf(() => Assert.Equal(whole, TransactedStream.Read(pieces))) is { } fault) faults.Add($"{name}, {pieces}: {fault}");
                splits++;
            }
        }

        Console.WriteLine($"RFC 4475 in process: {splits} ways to cut, {faults.Count} exceptions or other outcomes");
        Assert.Empty(faults);
        Assert.InRange(opened, 20, 51);   // one file has two messages
    }

    [Fact]
    public void Transact_EachFileAndEachPrefix_NoException()
    {
        int prefixes = 0;
        List<string> faults = [];
        foreach ((string name, byte[] bytes) in Rfc4475.Files())
        {
            for (int length = 0; length <= bytes.Length; length++, prefixes++)
            {
                byte[] prefix = bytes[..length];
                Exception? fault = FaultOf(() =>
                {
                    MessageReader.ReadEverything(prefix);
                    Assert.InRange(TransactedStream.Read(Pieces.Whole(prefix)).Count, 0, 3);   // at most two messages and what is left
                });
                if (fault is not null) faults.Add($"{name}, {length} bytes: {fault}");
            }
        }

        Console.WriteLine($"RFC 4475 in process: {prefixes} prefixes, {faults.Count} exceptions");
        Assert.Empty(faults);
    }

    [Fact]
    public void Read_EachFile_TheFaultItIsAbout()
    {
        List<string> right = [], other = [];
        foreach ((string name, byte[] bytes) in Rfc4475.Files())
        {
            SipFault fault = FaultOf(bytes);
            if (fault == Faulty.GetValueOrDefault(name)) right.Add(name);
            else other.Add($"{name}: {fault}");
        }

        Console.WriteLine($"RFC 4475 in process, whole: {Rfc4475.Score(right)}");
        Assert.True(other.Count == 0, string.Join("\n", other));
    }

    /// <summary>What is a request opens one transaction, whose repeat is known; what is none opens none.</summary>
    [Fact]
    public void Transaction_EachFileTwice_OneTransaction()
    {
        int opened = 0;
        SipHeaderSlot[] slots = new SipHeaderSlot[100];
        foreach ((_, byte[] bytes) in Rfc4475.Files())
        {
            SipFrame frame = new SipFramer(new SipLimits()).Next(bytes);
            if (frame.Kind != SipFrameKind.Message || SipRequest.IsResponse(frame.Head(bytes))) continue;
            if (SipRequest.Parse(frame.Head(bytes), frame.Body(bytes), slots, out SipRequest request) != SipFault.None) continue;
            if (SipRequestChecks.Check(request, out SipRequestFields fields) != SipFault.None) continue;
            TransactionKey key = TransactionKey.OfRequest(request, fields);
            TransactionTable<object> table = new(4, 4);
            Assert.Equal(ServerStart.New, table.BeginServer(key));
            Assert.True(table.IsServing(key));
            Assert.NotEqual(ServerStart.New, table.BeginServer(TransactionKey.OfRequest(request, fields)));
            Assert.True(table.EndServer(key));
            opened++;
        }

        Assert.InRange(opened, 20, 49);
    }

    private static Exception? FaultOf(Action read)
    {
        try
        {
            read();
            return null;
        }
#pragma warning disable CA1031 // whatever escapes is counted
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return fault;
        }
    }

    private static SipFault FaultOf(byte[] bytes)
    {
        SipFrame frame = new SipFramer(new SipLimits()).Next(bytes);
        if (frame.Kind != SipFrameKind.Message) return frame.Fault;
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        ReadOnlySpan<byte> head = frame.Head(bytes), body = frame.Body(bytes);
        if (SipRequest.IsResponse(head))
        {
            SipFault responseFault = SipResponse.Parse(head, body, table, out SipResponse response);
            return responseFault != SipFault.None ? responseFault : response.Check(out _);
        }

        SipFault fault = SipRequest.Parse(head, body, table, out SipRequest request);
        if (fault == SipFault.None) fault = SipRequestChecks.Check(request, out _);
        if (fault != SipFault.None) return fault;
        foreach (ReadOnlySpan<byte> value in request.Headers.Values(SipHeader.Contact))
        {
            if (!SipContact.TryParse(value, out _)) return SipFault.BadContact;
        }

        return SipRequestChecks.HasUnknownExtension(request.Headers) ? SipFault.UnsupportedExtension : SipFault.None;
    }
}
