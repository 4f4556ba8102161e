namespace Edge.Sip.CoreLink;

/// <summary>Goes over the fields of an encoded Protobuf message where it lies: what is said for every request needs no object.</summary>
/// <param name="message">Without tag and length of its own.</param>
internal ref struct ReceivedFields(ReadOnlySpan<byte> message)
{
    private const int VarintType = 0;
    private const int Fixed64Type = 1;
    private const int LengthType = 2;
    private const int Fixed32Type = 5;

    private ReadOnlySpan<byte> _rest = message;

    /// <summary>The number of the field.</summary>
    public int Number { get; private set; }

    /// <summary>Its value, if it is a varint; else 0.</summary>
    public ulong Value { get; private set; }

    /// <summary>Its bytes, if it is a string or a message; else none.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Whether no other follows.</summary>
    public readonly bool IsLast => _rest.IsEmpty;

    /// <summary>Goes on to the next field.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">It is no Protobuf message.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty) return false;
        ulong tag = ReadVarint();
        Number = (int)(tag >> 3);
        Value = 0;
        Bytes = default;
        switch (tag & 7)
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
