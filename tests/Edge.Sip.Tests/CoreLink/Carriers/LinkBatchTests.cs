using Edge.Link.V1;
using Edge.Sip.CoreLink.Carriers;
using Google.Protobuf;

namespace Edge.Sip.Tests.CoreLink.Carriers;

public class LinkBatchTests
{
    [Theory]
    [InlineData(0, 3)]    // just 64 KiB
    [InlineData(1, 2)]    // a byte too many: the last one has to wait
    public void Fit_UpTo64KiB_TheRestIsForTheNextBatch(int tooMany, int fits)
    {
        List<EdgeEvent> events = [EventOf(30_000), EventOf(30_000), EventOf(5_536 + tooMany)];
        (int count, int bytes) = LinkBatch.Fit(events, 0);
        Assert.Equal((fits, fits == 3 ? LinkBatch.MostBytes : 60_000), (count, bytes));
        if (fits < 3) Assert.Equal((1, 5_536 + tooMany), LinkBatch.Fit(events, fits));
    }

    [Fact]
    public void Fit_EventLargerThanABatch_GoesAlone()
    {
        List<EdgeEvent> events = [EventOf(100), EventOf(100_000), EventOf(100)];
        Assert.Equal((1, 100), LinkBatch.Fit(events, 0));
        Assert.Equal((1, 100_000), LinkBatch.Fit(events, 1));
        Assert.Equal((1, 100), LinkBatch.Fit(events, 2));
    }

    /// <summary>At each number of bytes that the length of an event takes.</summary>
    [Theory]
    [InlineData(new[] { 20 })]
    [InlineData(new[] { 127 + 2, 128 + 3 })]           // with tag and length: 127 and 128 bytes of the event itself
    [InlineData(new[] { 16_383 + 3, 16_384 + 4, 20 })]
    [InlineData(new[] { 100_000 })]
    public void Write_IsWhatProtobufReads(int[] sizes)
    {
        List<EdgeEvent> events = [EventOf(7), .. sizes.Select(EventOf)];
        ConnectRequest read = new();
        for (int from = 1; from < events.Count;)   // from the middle of a list
        {
            (int count, int bytes) = LinkBatch.Fit(events, from);
            byte[] room = new byte[LinkBatch.PrefixBytes + bytes];
            LinkBatch.Write(events, from, count, room);
            Assert.True(LinkBatch.TryRead(room, out int length));
            Assert.Equal(bytes, length);
            read.MergeFrom(room.AsSpan(LinkBatch.PrefixBytes).ToArray());
            from += count;
        }

        Assert.Equal(events.Skip(1), read.Events);
    }

    [Fact]
    public void TryRead_InPieces_WholeAtItsLastByte()
    {
        byte[] message = [0, 0, 0, 1, 2, .. new byte[258], 0];   // and the first byte of the next one
        for (int bytes = 0; bytes < LinkBatch.PrefixBytes + 258; bytes++) Assert.False(LinkBatch.TryRead(message.AsSpan(0, bytes), out _));
        Assert.True(LinkBatch.TryRead(message.AsSpan(0, message.Length - 1), out int length));
        Assert.Equal(258, length);
        Assert.True(LinkBatch.TryRead(message, out length));
        Assert.Equal(258, length);
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0, 0, 1 }, "compressed")]
    [InlineData(new byte[] { 0, 0, 2, 0, 1 }, "131073")]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, "4294967295")]
    public void TryRead_CompressedOrOver128KiB_IsRefusedByItsHead(byte[] head, string why)
    {
        InvalidDataException fault = Assert.Throws<InvalidDataException>(() => LinkBatch.TryRead(head, out _));
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_Of128KiB_IsAllowed() => Assert.False(LinkBatch.TryRead([0, 0, 2, 0, 0], out _));

    /// <summary>An event that takes so many bytes of a batch, with its tag and length.</summary>
    private static EdgeEvent EventOf(int bytes)
    {
        for (int text = Math.Max(0, bytes - 14); text <= bytes; text++)
        {
            EdgeEvent happened = new() { Submit = new Submit { Text = ByteString.CopyFrom(new byte[text]) } };
            if (new ConnectRequest { Events = { happened } }.CalculateSize() == bytes) return happened;
            happened.Submit.Flow = 1;   // two bytes more: lengths at which that of the text grows by one are not left out
            if (new ConnectRequest { Events = { happened } }.CalculateSize() == bytes) return happened;
        }

        throw new ArgumentOutOfRangeException(nameof(bytes));
    }
}
