using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Edge.Sip.CoreLink.Carriers;

namespace Edge.Sip.Tests.Harness;

/// <summary>A frame of HTTP/2 (RFC 9113 §4.1).</summary>
internal sealed record Http2Frame(byte Type, byte Flags, int Stream, byte[] Payload);

/// <summary>The core's side of a call, frame by frame, and made by hand: what the library does is not shown by the library.</summary>
internal static class Http2Peer
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;

    public const byte EndStream = 1;
    public const byte Ack = 1;
    private const byte EndHeaders = 4;

    /// <summary>What a client says before its first frame (§3.4).</summary>
    public static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    /// <summary>What the core says first.</summary>
    public static byte[] Hello => [.. Frame(Settings, 0, 0, []), .. Frame(Settings, Ack, 0, []), .. Fields(1, false, (":status", "200"), ("content-type", "application/grpc"))];

    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>Header fields as literals, neither indexed nor packed (RFC 7541 §6.2.2).</summary>
    public static byte[] Fields(int stream, bool last, params (string Name, string Value)[] fields)
    {
        using MemoryStream block = new();
        foreach ((string name, string value) in fields)
        {
            block.WriteByte(0);
            foreach (string text in (string[])[name, value])
            {
                block.WriteByte((byte)text.Length);   // below 127
                block.Write(Encoding.ASCII.GetBytes(text));
            }
        }

        return Frame(Headers, (byte)(EndHeaders | (last ? EndStream : 0)), stream, block.ToArray());
    }

    public static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>A message with its prefix.</summary>
    public static byte[] Message(string text) => [0, .. Number((uint)text.Length), .. Encoding.ASCII.GetBytes(text)];

    /// <summary>All that the call has to say now.</summary>
    public static byte[] Take(Http2Call call)
    {
        using MemoryStream said = new();
        ArrayBufferWriter<byte> output = new();
        while (call.Frames(output))
        {
            said.Write(output.WrittenSpan);
            output.ResetWrittenCount();
        }

        return said.ToArray();
    }

    public static IReadOnlyList<Http2Frame> Parse(ReadOnlySpan<byte> bytes)
    {
        List<Http2Frame> frames = [];
        while (!bytes.IsEmpty)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes) >>> 8;
            frames.Add(new Http2Frame(bytes[3], bytes[4], BinaryPrimitives.ReadInt32BigEndian(bytes[5..]), bytes.Slice(9, length).ToArray()));
            bytes = bytes[(9 + length)..];
        }

        return frames;
    }
}
