using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

/// <summary>The torture messages of RFC 4475, byte for byte, if <c>EDGE_RFC4475</c> names their folder. Without it the run says so: skipped, never silently passed.</summary>
public sealed class Rfc4475Tests
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("EDGE_RFC4475");

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
        foreach ((string name, byte[] bytes) in Files())
        {
            string first = FramedStream.Read(Pieces.Whole(bytes))[0];
            Assert.StartsWith(Unframed.GetValueOrDefault(name, "message"), first, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Frame_EachFileCutAnywhere_SameOutcome()
    {
        foreach ((_, byte[] bytes) in Files())
        {
            List<string> whole = FramedStream.Read(Pieces.Whole(bytes));
            foreach (Pieces pieces in Pieces.Every(bytes)) Assert.Equal(whole, FramedStream.Read(pieces));
        }
    }

    [Fact]
    public void Read_EachFileAndEachPrefix_NoException()
    {
        foreach ((_, byte[] bytes) in Files())
        {
            for (int length = 0; length <= bytes.Length; length++) MessageReader.ReadEverything(bytes.AsSpan(0, length));
        }
    }

    [Fact]
    public void Read_EachFile_TheFaultItIsAbout()
    {
        List<string> seen = [];
        foreach ((string name, byte[] bytes) in Files())
        {
            SipFault fault = FaultOf(bytes);
            if (fault != Faulty.GetValueOrDefault(name)) seen.Add($"{name}: {fault}");
        }

        Assert.True(seen.Count == 0, string.Join("\n", seen));
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

    private static IEnumerable<(string Name, byte[] Bytes)> Files()
    {
        if (string.IsNullOrEmpty(Folder)) Assert.Skip("EDGE_RFC4475 names no folder: the RFC 4475 messages were NOT tried");
        string[] paths = Directory.GetFiles(Folder, "*.dat");
        Assert.Equal(50, paths.Length);
        return paths.Order(StringComparer.Ordinal).Select(path => (Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path)));
    }
}
