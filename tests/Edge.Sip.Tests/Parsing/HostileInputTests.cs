using Edge.Sip.Parsing;

namespace Edge.Sip.Tests.Parsing;

/// <summary>Whatever a peer sends: no exception, no endless loop, no allocation.</summary>
public sealed class HostileInputTests
{
    private static readonly byte[] Hostile = [0x00, 0x0A, 0x0D, 0x20, 0x22, 0x2C, 0x3A, 0x3B, 0x3C, 0x3E, 0x40, 0x7F, 0x80, 0xFF, 0x25, 0x5C, 0x2A];

    [Fact]
    public void Read_EveryPrefixOfEverySample_NoException()
    {
        foreach (string sample in Sample.All)
        {
            byte[] bytes = Sample.Bytes(sample);
            for (int length = 0; length <= bytes.Length; length++)
            {
                MessageReader.ReadEverything(bytes.AsSpan(0, length));
                List<string> seen = FramedStream.Read(Pieces.Whole(bytes[..length]));
                Assert.Equal(length == bytes.Length, seen.Exists(line => line.StartsWith("message", StringComparison.Ordinal)));
                Assert.DoesNotContain(seen, line => line.StartsWith("fault", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Read_EveryByteReplaced_NoException()
    {
        foreach (string sample in Sample.All)
        {
            byte[] bytes = Sample.Bytes(sample);
            for (int at = 0; at < bytes.Length; at++)
            {
                byte kept = bytes[at];
                foreach (byte other in Hostile)
                {
                    bytes[at] = other;
                    MessageReader.ReadEverything(bytes);
                    FramedStream.Read(Pieces.Whole(bytes));
                }

                bytes[at] = kept;
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20_261)]
    public void Read_RandomMutations_NoExceptionAndSameHoweverCut(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 25_000; round++)
        {
            List<byte> bytes = [.. Sample.Bytes(Sample.All[random.Next(Sample.All.Length)])];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                int at = random.Next(bytes.Count);
                byte other = random.Next(3) == 0 ? (byte)random.Next(256) : Hostile[random.Next(Hostile.Length)];
                switch (random.Next(4))
                {
                    case 0: bytes[at] = other; break;
                    case 1: bytes.Insert(at, other); break;
                    case 2: bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at - 1)); break;
                    default: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 60), bytes.Count - at))); break;
                }
            }

            byte[] mutated = [.. bytes];
            MessageReader.ReadEverything(mutated);
            List<string> whole = FramedStream.Read(Pieces.Whole(mutated));
            if (round % 10 != 0) continue;
            Assert.Equal(whole, FramedStream.Read(Pieces.CutAt(mutated, random.Next(mutated.Length))));
        }
    }

    [Fact]
    public void Read_RandomBytes_NoException()
    {
        Random random = new(7);
        byte[] bytes = new byte[400];
        for (int round = 0; round < 5_000; round++)
        {
            random.NextBytes(bytes);
            MessageReader.ReadEverything(bytes);
            FramedStream.Read(Pieces.Whole(bytes));
        }
    }

    [Theory]
    [InlineData(Sample.Register)]
    [InlineData(Sample.Message)]
    [InlineData(Sample.Ok)]
    public void Read_WellFormed_NothingAllocated(string sample)
    {
        byte[] bytes = Sample.Bytes(sample);
        SipFramer framer = new(new SipLimits());
        SipHeaderSlot[] table = new SipHeaderSlot[100];
        byte[] answer = new byte[8_192];
        for (int i = 0; i < 100; i++) Assert.True(MessageReader.Read(ref framer, bytes, table, answer) > 0);   // until nothing is new to the runtime
        long before = GC.GetAllocatedBytesForCurrentThread();
        int sum = 0;
        for (int i = 0; i < 1_000; i++) sum += MessageReader.Read(ref framer, bytes, table, answer);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(sum > 0);
    }
}
