namespace Edge.Sip.CoreLink;

/// <summary>Goes over the fields of an encoded Protobuf message where it lies: what is said for every request needs no object.</summary>
/// <remarks>Reads as Protobuf does, but for groups, which nothing here has, and lengths of more than 32 bits: they are refused.</remarks>
/// <param name="message">Without tag and length of its own.</param>
internal ref struct ReceivedFields(ReadOnlySpan<byte> message)
{
    private const uint VarintType = 0;
    private const uint Fixed64Type = 1;
    private const uint LengthType = 2;
    private const uint Fixed32Type = 5;

    private ReadOnlySpan<byte> _rest = message;
    private uint _tag;

    /// <summary>Its value, if it is a varint; else 0.</summary>
    public ulong Value { get; private set; }

    /// <summary>Its bytes, if it is a string or a message; else none.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Whether no other follows.</summary>
    public readonly bool IsLast => _rest.IsEmpty;

    /// <summary>Whether it is this one, and a varint: by another type it is an unknown field.</summary>
    public readonly bool IsValue(int number) => _tag == (((uint)number << 3) | VarintType);

    /// <summary>Whether it is this one, and a string or a message.</summary>
    public readonly bool IsBytes(int number) => _tag == (((uint)number << 3) | LengthType);

    /// <summary>Goes on to the next field.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">It is no Protobuf message.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty) return false;
        _tag = (uint)ReadVarint();
        if (_tag >> 3 == 0) throw Broken();
        Value = 0;
        Bytes = default;
        switch (_tag & 7)
        {
            case VarintType:
                Value = ReadVarint();
                break;
            case LengthType:
                Bytes = Cut(ReadVarint());
                break;
            case Fixed64Type:
                _ = Cut(sizeof(ulong));
                break;
            case Fixed32Type:
                _ = Cut(sizeof(uint));
                break;
            default:
                throw Broken();
        }

        return true;
    }

    private static InvalidDataException Broken() => new("the core sent a broken message");

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] >= 0x80) continue;
            _rest = _rest[(i + 1)..];
            return value;
        }

        throw Broken();
    }

    private ReadOnlySpan<byte> Cut(ulong length)
    {
        if (length > (ulong)_rest.Length) throw Broken();
        ReadOnlySpan<byte> cut = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return cut;
    }
}
