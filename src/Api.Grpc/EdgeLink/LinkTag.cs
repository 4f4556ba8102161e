using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Core.Store.Envelopes;

namespace Api.Grpc.EdgeLink;

/// <summary>Puts the parts of a tag one behind the other, each string with its length before it: no two lists of parts look alike.</summary>
internal ref struct LinkTag(Span<byte> buffer)
{
    /// <summary>Room for every tag made here: fixed parts, and four strings of 255 bytes at most.</summary>
    public const int BufferBytes = 1_280;

    /// <summary>128 bits of HMAC-SHA256.</summary>
    public const int Bytes = 16;

    private readonly Span<byte> _buffer = buffer;
    private int _length;

    public void Add(byte value) => _buffer[_length++] = value;

    public void Add(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_buffer[_length..], value);
        _length += sizeof(long);
    }

    public void Add(ulong value) => Add(unchecked((long)value));

    public void Add(Guid value)
    {
        value.TryWriteBytes(_buffer[_length..], bigEndian: true, out int written);
        _length += written;
    }

    /// <param name="value">At most 255 bytes.</param>
    public void Add(ReadOnlySpan<byte> value)
    {
        _buffer[_length] = checked((byte)value.Length);
        value.CopyTo(_buffer[(_length + 1)..]);
        _length += value.Length + 1;
    }

    /// <param name="value">At most 255 bytes of UTF-8: names of edges, users and domains are shorter.</param>
    public void Add(string value)
    {
        int written = Encoding.UTF8.GetBytes(value, _buffer[(_length + 1)..]);
        _buffer[_length] = checked((byte)written);
        _length += written + 1;
    }

    /// <summary>Writes the tag of all parts.</summary>
    public readonly void Sign(KeyedHash key, Span<byte> tag) => key.Compute(_buffer[.._length], tag[..Bytes]);

    /// <summary>Whether a tag is that of all parts; compared in constant time.</summary>
    public readonly bool Verify(KeyedHash key, ReadOnlySpan<byte> tag)
    {
        Span<byte> ours = stackalloc byte[Bytes];
        Sign(key, ours);
        return CryptographicOperations.FixedTimeEquals(ours, tag);
    }
}
