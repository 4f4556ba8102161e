using System.Text;
using Edge.Sip.Parsing;
using Testing.Shared;

namespace Edge.Sip.Tests.Parsing;

public sealed class SipFramerTests
{
    private const string Hi = "MESSAGE sip:bob@example.com SIP/2.0\r\nContent-Length: 2\r\n\r\nhi";

    [Theory, EverySplitOf(Hi)]
    public void Next_BytesInPieces_SameMessage(Pieces pieces) =>
        Assert.Equal([$"message {Hi[..^2]}|hi"], FramedStream.Read(pieces));

    [Theory, EverySplitOf("\r\n\r\n" + Hi + "\r\n" + Hi + "\r\n\r\n\r\n" + Hi)]
    [Spec("R.register")]
    public void Next_PingsBetweenMessagesInPieces_SameOrder(Pieces pieces) =>
        Assert.Equal(["ping", $"message {Hi[..^2]}|hi", $"message {Hi[..^2]}|hi", "ping", $"message {Hi[..^2]}|hi"], FramedStream.Read(pieces));

    [Fact]
    public void Next_PipelinedInPieces_EachMessageWhole()
    {
        foreach (Pieces pieces in Pieces.Every(Sample.Bytes(string.Concat(Sample.All))))
        {
            List<string> seen = FramedStream.Read(pieces);
            Assert.Equal(4, seen.Count);
            Assert.Equal($"message {Sample.Register}|", seen[0]);
            Assert.EndsWith("|Watson, come here.", seen[1], StringComparison.Ordinal);
            Assert.Equal($"message {Sample.Options}|", seen[2]);
            Assert.Equal($"message {Sample.Ok}|", seen[3]);
        }
    }

    [Theory, EverySplitOf("OPTIONS sip:a SIP/2.0\r\nContent-Length :\r\n \t 2\r\nX: y\r\n z\r\n\r\nok")]
    public void Next_FoldedLengthInPieces_Read(Pieces pieces) =>
        Assert.EndsWith("|ok", Assert.Single(FramedStream.Read(pieces)), StringComparison.Ordinal);

    [Theory, EverySplitOf("OPTIONS sip:a SIP/2.0\r\nContent-Length: 1x\r\nVia: a\r\n\r\nok")]
    public void Next_BadLengthInPieces_FaultOnceTheHeadIsWhole(Pieces pieces) =>
        Assert.Equal(["fault BadContentLength"], FramedStream.Read(pieces));

    [Theory, EverySplitOf("OPTIONS sip:a SIP/2.0\r\nVia: b\n\r\n\r\n")]
    public void Next_BareLineFeedInPieces_Fault(Pieces pieces) => Assert.Equal(["fault BadLineEnd"], FramedStream.Read(pieces));

    [Fact]
    [Spec("R.register")]
    public void Next_LoneCrlf_SkippedWithoutAnswer() => Assert.Empty(FramedStream.Read("\r\n"));

    [Fact]
    [Spec("R.register")]
    public void Next_LoneCrlfThenMessageThenCrlf_NoPing() =>
        Assert.Equal([$"message {Hi[..^2]}|hi"], FramedStream.Read("\r\n" + Hi + "\r\n"));

    [Fact]
    public void Next_NothingButPings_EachAnswered() =>
        Assert.Equal(Enumerable.Repeat("ping", 50), FramedStream.Read(Pieces.ByteByByte(Sample.Bytes(string.Concat(Enumerable.Repeat("\r\n\r\n", 50))))));

    [Theory]
    [InlineData("\n")]
    [InlineData("\rX")]
    [InlineData("\r\n\r\n\n")]
    [InlineData("OPTIONS sip:a SIP/2.0\n\n")]
    [InlineData("OPTIONS sip:a SIP/2.0\rVia: x\r\n\r\n")]
    [InlineData("OPTIONS sip:a SIP/2.0\r\nVia: x\r\r\n\r\n")]
    [InlineData("OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\n")]
    public void Next_OtherLineEnds_Fault(string text) => Assert.Equal(SipFault.BadLineEnd, FramedStream.FaultOf(text));

    /// <summary>What people have tried to get two readers to disagree on where a message ends.</summary>
    [Theory]
    [InlineData("-1")]
    [InlineData("+5")]
    [InlineData("0x5")]
    [InlineData("5,5")]
    [InlineData("5, 6")]
    [InlineData("5 5")]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("5;x=y")]
    [InlineData("5.0")]
    [InlineData("1e1")]
    [InlineData("\"5\"")]
    [InlineData("٥")]
    [InlineData("5\0")]
    [InlineData("5\u000b")]
    [InlineData("५")]
    public void Next_ContentLengthThatIsNoNumber_Fault(string value) =>
        Assert.Equal(SipFault.BadContentLength, FramedStream.FaultOf(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(Sample.With($"Content-Length: {value}\r\n", "12345")))));

    [Theory]
    [InlineData("8193")]
    [InlineData("2147483647")]
    [InlineData("2147483653")]
    [InlineData("4294967296")]
    [InlineData("4294967301")]
    [InlineData("18446744073709551616")]
    [InlineData("18446744073709551621")]
    [InlineData("9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999")]
    public void Next_ContentLengthOverTheLimit_FaultWithoutWaitingForTheBody(string value) =>
        Assert.Equal(SipFault.BodyTooLarge, FramedStream.FaultOf(Sample.With($"Content-Length: {value}\r\n")));

    [Theory]
    [InlineData("5")]
    [InlineData("005")]
    [InlineData("00000000000000000000000000000000000005")]
    [InlineData("\t 5 \t")]
    [InlineData("\r\n 5")]
    public void Next_ContentLengthWithZerosOrBlanks_Read(string value) =>
        Assert.EndsWith("|12345", Assert.Single(FramedStream.Read(Sample.With($"Content-Length: {value}\r\n", "12345"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("l: 5\r\n")]
    [InlineData("L:5\r\n")]
    [InlineData("CONTENT-LENGTH:5\r\n")]
    [InlineData("content-length \t: 5\r\n")]
    public void Next_OtherFormsOfContentLength_Read(string header) =>
        Assert.EndsWith("|12345", Assert.Single(FramedStream.Read(Sample.With(header, "12345"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 5\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 0\r\n")]
    [InlineData("Content-Length: 5\r\nl: 5\r\n")]
    [InlineData("l: 0\r\nX: y\r\nCONTENT-LENGTH: 5\r\n")]
    public void Next_ContentLengthTwice_Fault(string headers) =>
        Assert.Equal(SipFault.RepeatedContentLength, FramedStream.FaultOf(Sample.With(headers, "12345")));

    [Theory]
    [InlineData("")]
    [InlineData("Content-Length\r\n")]
    [InlineData("X-Content-Length: 5\r\n")]
    [InlineData("Content-Length\u000b: 5\r\n")]
    [InlineData("Content-Length\0: 5\r\n")]
    [InlineData("Content-Length\u0001: 5\r\n")]
    [InlineData("Content-Length\u007f: 5\r\n")]
    [InlineData("\u001fContent-Length: 5\r\n")]
    [InlineData("X: y\r\n Content-Length: 5\r\n")]
    public void Next_NoContentLength_Fault(string headers) => Assert.Equal(SipFault.MissingContentLength, FramedStream.FaultOf(Sample.With(headers, "12345")));

    [Fact]
    public void Next_RequestLineAtAndOverTheLimit_TakenAndRefused()
    {
        SipLimits limits = new() { RequestLineBytes = 64 };
        string line = "OPTIONS sip:" + new string('a', 64 - 12 - 8) + " SIP/2.0";
        Assert.Equal(64, line.Length);
        Assert.StartsWith("message", FramedStream.Read(line + "\r\nl:0\r\n\r\n", limits)[0], StringComparison.Ordinal);
        Assert.Equal(SipFault.RequestLineTooLong, FramedStream.FaultOf(line + "x\r\nl:0\r\n\r\n", limits));
        Assert.Equal(["waits 64"], FramedStream.Read(line, limits));
        Assert.Equal(SipFault.RequestLineTooLong, FramedStream.FaultOf(line + "x", limits));   // before its end is seen
    }

    [Fact]
    public void Next_HeaderLineAtAndOverTheLimit_TakenAndRefused()
    {
        SipLimits limits = new() { HeaderLineBytes = 256 };
        string most = "X: " + new string('a', 253);
        Assert.StartsWith("message", FramedStream.Read(Sample.With($"{most}\r\nl:0\r\n"), limits)[0], StringComparison.Ordinal);
        Assert.Equal(SipFault.HeaderLineTooLong, FramedStream.FaultOf(Sample.With($"{most}a\r\nl:0\r\n"), limits));
    }

    [Fact]
    public void Next_FoldedHeaderAtAndOverTheLimit_CountedWhole()
    {
        SipLimits limits = new() { HeaderLineBytes = 256 };
        string most = "X: " + new string('a', 100) + "\r\n " + new string('b', 150);
        Assert.Equal(256, most.Length);
        Assert.StartsWith("message", FramedStream.Read(Sample.With($"{most}\r\nl:0\r\n"), limits)[0], StringComparison.Ordinal);
        Assert.Equal(SipFault.HeaderLineTooLong, FramedStream.FaultOf(Sample.With($"{most}b\r\nl:0\r\n"), limits));
    }

    [Fact]
    [Spec("N.sip")]
    public void Next_HeadersAtAndOverTheLimit_TakenAndRefused()
    {
        string most = "l: 0\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 94));   // and five of Sample.With
        Assert.StartsWith("message", FramedStream.Read(Sample.With(most))[0], StringComparison.Ordinal);
        Assert.Equal(SipFault.TooManyHeaders, FramedStream.FaultOf(Sample.With(most + "X: y\r\n")));
    }

    [Theory]
    [InlineData("Via: SIP/2.0/TLS a\r\n", 69)]
    [InlineData("v: SIP/2.0/TLS a, SIP/2.0/TLS b,SIP/2.0/TLS c\r\n", 23)]
    [Spec("N.sip")]
    public void Next_ViasAtAndOverTheLimit_TakenAndRefused(string headers, int times)
    {
        string most = string.Concat(Enumerable.Repeat(headers, times)) + "l: 0\r\n";   // and one of Sample.With
        Assert.StartsWith("message", FramedStream.Read(Sample.With(most))[0], StringComparison.Ordinal);
        Assert.Equal(SipFault.TooManyVias, FramedStream.FaultOf(Sample.With(most + "Via: SIP/2.0/TLS a\r\n")));
    }

    [Fact]
    [Spec("N.sip")]
    public void Next_HeaderBlockAtAndOverTheLimit_TakenAndRefused()
    {
        const string Line = "OPTIONS sip:a SIP/2.0\r\n";
        string block = "l: 0\r\n" + string.Concat(Enumerable.Repeat("X: " + new string('a', 1_000) + "\r\n", 16));
        block += "Y: " + new string('b', 16_384 - block.Length - 3 - 4) + "\r\n\r\n";
        Assert.Equal(16_384, block.Length);
        Assert.StartsWith("message", FramedStream.Read(Line + block)[0], StringComparison.Ordinal);
        string over = Line + block.Replace("Y: b", "Y: bb", StringComparison.Ordinal);
        Assert.Equal(SipFault.HeaderBlockTooLong, FramedStream.FaultOf(over));
        Assert.Equal(["fault HeaderBlockTooLong"], FramedStream.Read(Pieces.ByteByByte(Sample.Bytes(over))));
    }

    [Fact]
    [Spec("N.sip")]
    public void Next_BodyAtAndOverTheLimit_TakenAndRefused()
    {
        Assert.StartsWith("message", FramedStream.Read(Sample.With("l: 8192\r\n", new string('b', 8_192)))[0], StringComparison.Ordinal);
        Assert.Equal(SipFault.BodyTooLarge, FramedStream.FaultOf(Sample.With("l: 8193\r\n", new string('b', 8_193))));
    }

    [Fact]
    public void Next_TwoLimitsBroken_SameFaultHoweverTheBytesArrive()
    {
        SipLimits limits = new() { HeaderLineBytes = 300, HeaderBlockBytes = 512 };
        byte[] bytes = Sample.Bytes("OPTIONS sip:a SIP/2.0\r\nX: " + new string('a', 250) + "\r\nY: " + new string('b', 500) + "\n\r\n");
        foreach (Pieces pieces in Pieces.Every(bytes)) Assert.Equal(["fault HeaderBlockTooLong"], FramedStream.Read(pieces, limits));
    }

    [Fact]
    public void Next_AfterAFault_SameFaultAgain()
    {
        SipFramer framer = new(new SipLimits());
        byte[] bytes = Sample.Bytes("OPTIONS sip:a SIP/2.0\nx");
        Assert.Equal(SipFault.BadLineEnd, framer.Next(bytes).Fault);
        SipFrame again = framer.Next(Sample.Bytes(Hi));
        Assert.Equal(SipFrameKind.Fault, again.Kind);
        Assert.Equal(SipFault.BadLineEnd, again.Fault);
    }

    [Fact]
    public void Next_FaultInTheBody_HeadIsThereForTheAnswer()
    {
        byte[] bytes = Sample.Bytes("\r\n" + Sample.With("Content-Length: 9000\r\nX: y\r\n", "begin"));
        SipFrame frame = new SipFramer(new SipLimits()).Next(bytes);
        Assert.Equal(SipFault.BodyTooLarge, frame.Fault);
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        Assert.Equal(SipFault.None, SipRequest.Parse(frame.Head(bytes), default, table, out SipRequest request));
        Assert.Equal(7, request.Headers.Count);
    }

    [Fact]
    public void Next_FaultInAHeader_WholeLinesBeforeItAreThereForTheAnswer()
    {
        byte[] bytes = Sample.Bytes(Sample.With("X: " + new string('a', 5_000) + "\r\n " + new string('b', 5_000)));
        SipFrame frame = new SipFramer(new SipLimits()).Next(bytes);
        Assert.Equal(SipFault.HeaderLineTooLong, frame.Fault);
        Assert.Equal(Sample.With("").Length - 2, frame.HeadBytes);
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        Assert.Equal(SipFault.None, SipRequest.Parse(frame.Head(bytes), default, table, out SipRequest request));
        Assert.Equal(5, request.Headers.Count);
    }

    /// <summary>Bytes searched once are not searched again, so a head in single bytes costs no more than one in one piece: a line feed put there later goes unseen.</summary>
    [Fact]
    public void Next_HeadInPieces_SearchedBytesNotSearchedAgain()
    {
        byte[] head = Sample.Bytes(Sample.With("X: aaaaaaaaaa\r\nY: bbbbbbbbbb\r\nl: 0\r\n"));
        int done = Sample.With("X: aa").Length - 2;
        int underWay = Sample.With("X: aaaaaaaaaa\r\nY: bb").Length - 2;
        SipFramer framer = new(new SipLimits());
        Assert.Equal(SipFrameKind.NeedMore, framer.Next(head.AsSpan(0, underWay + 3)).Kind);
        head[done - 1] = (byte)'\n';
        head[underWay - 1] = (byte)'\n';
        Assert.Equal(SipFrameKind.Message, framer.Next(head).Kind);
        Assert.Equal(SipFault.BadLineEnd, new SipFramer(new SipLimits()).Next(head).Fault);
    }
}
