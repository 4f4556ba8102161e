using System.Buffers.Binary;
using Edge.Link.V1;
using Google.Protobuf;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>Batches of the link as they go over the wire: gRPC's length-prefixed message (5 bytes of head) with a <see cref="ConnectRequest"/> in it.</summary>
internal static class LinkBatch
{
    /// <summary>Most bytes of a batch up: the core takes no larger one, except for an event that alone has more.</summary>
    public const int MostBytes = 65_536;

    /// <summary>Most bytes of a batch down; the core keeps to 64 KiB (spec, Numbers).</summary>
    public const int MostReceivedBytes = 128 * 1_024;

    /// <summary>Bytes in front of a batch: whether it is compressed, and its length, big-endian.</summary>
    public const int PrefixBytes = 5;

    private const byte EventTag = (ConnectRequest.EventsFieldNumber << 3) | 2;   // length-delimited

    /// <summary>How many events, from one on, go into one batch, and how many bytes it then has, without its prefix.</summary>
    public static (int Count, int Bytes) Fit(List<EdgeEvent> events, int from)
    {
        int bytes = 0, at = from;
        for (; at < events.Count; at++)
        {
            int size = events[at].CalculateSize();
            int whole = size + 1 + CodedOutputStream.ComputeLengthSize(size);
            if (at > from && bytes + whole > MostBytes) break;
            bytes += whole;
        }

        return (at - from, bytes);
    }

    /// <summary>Writes a batch with its prefix.</summary>
    /// <param name="room">As long as <see cref="Fit"/> says, and the prefix.</param>
    public static void Write(List<EdgeEvent> events, int from, int count, Span<byte> room)
    {
        room[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(room[1..], room.Length - PrefixBytes);
        int at = PrefixBytes;
        for (int i = from; i < from + count; i++)
        {
            int size = events[i].CalculateSize();
            room[at++] = EventTag;
            for (uint rest = (uint)size; ; rest >>= 7)
            {
                room[at++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
                if (rest < 0x80) break;
            }

            events[i].WriteTo(room.Slice(at, size));
            at += size;
        }
    }

    /// <summary>Looks for a whole message at the front of what has come.</summary>
    /// <param name="bytes">From its first byte on.</param>
    /// <param name="length">Of the message, without its prefix.</param>
    /// <exception cref="InvalidDataException">It is longer than allowed, or compressed, which nobody asked for.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < PrefixBytes) return false;
        uint announced = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
        if (bytes[0] != 0) throw new InvalidDataException("the core sent a compressed message");
        if (announced > MostReceivedBytes) throw new InvalidDataException($"the core sent a message of {announced} bytes, {MostReceivedBytes} are allowed");
        length = (int)announced;
        return bytes.Length - PrefixBytes >= length;
    }
}
