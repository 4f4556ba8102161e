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

    [Fact]
    public void Frame_EachFileCutAnywhere_SameOutcome()
    {
        int splits = 0;
        foreach ((_, byte[] bytes) in Rfc4475.Files())
        {
            List<string> whole = FramedStream.Read(Pieces.Whole(bytes));
            foreach (Pieces pieces in Pieces.Every(bytes))
            {
                Assert.Equal(whole, FramedStream.Read(pieces));
                splits++;
            }
        }

        TestContext.Current.SendDiagnosticMessage("RFC 4475 in process: {0} ways to cut, 0 exceptions", splits);
    }

    [Fact]
    public void Read_EachFileAndEachPrefix_NoException()
    {
        int prefixes = 0;
        foreach ((_, byte[] bytes) in Rfc4475.Files())
        {
            for (int length = 0; length <= bytes.Length; length++, prefixes++)
            {
                MessageReader.ReadEverything(bytes.AsSpan(0, length));
                List<string> seen = FramedStream.Read(Pieces.Whole(bytes[..length]));
                Assert.InRange(seen.Count, 0, 3);   // at most two messages and what is left
            }
        }

        TestContext.Current.SendDiagnosticMessage("RFC 4475 in process: {0} prefixes, 0 exceptions", prefixes);
    }

    [Fact]
    public void Read_EachFile_TheFaultItIsAbout()
    {
        List<string> seen = [];
        foreach ((string name, byte[] bytes) in Rfc4475.Files())
        {
            SipFault fault = FaultOf(bytes);
            if (fault != Faulty.GetValueOrDefault(name)) seen.Add($"{name}: {fault}");
        }

        TestContext.Current.SendDiagnosticMessage("RFC 4475 in process: {0} of {1} whole as expected", Rfc4475.Files().Count - seen.Count, Rfc4475.Files().Count);
        Assert.True(seen.Count == 0, string.Join("\n", seen));
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
