namespace Fuzz.Mutation;

/// <summary>A message being changed: bytes in a buffer of fixed size. What would not fit is not done.</summary>
public sealed class Draft(int room)
{
    private readonly byte[] _bytes = new byte[room];

    public int Length { get; private set; }

    public Span<byte> Bytes => _bytes.AsSpan(0, Length);

    public void Load(ReadOnlySpan<byte> bytes)
    {
        Length = Math.Min(bytes.Length, _bytes.Length);
        bytes[..Length].CopyTo(_bytes);
    }

    /// <summary>Puts bytes in the place of others.</summary>
    public void Replace(int at, int length, ReadOnlySpan<byte> with)
    {
        if (at + length > Length || Length - length + with.Length > _bytes.Length) return;
        _bytes.AsSpan(at + length, Length - at - length).CopyTo(_bytes.AsSpan(at + with.Length));
        with.CopyTo(_bytes.AsSpan(at));
        Length += with.Length - length;
    }

    public void Insert(int at, ReadOnlySpan<byte> bytes) => Replace(at, 0, bytes);

    public void Remove(int at, int length) => Replace(at, length, default);

    /// <summary>Where line <paramref name="number"/> begins and how long it is with its line end; the whole body counts as one line.</summary>
    public (int Start, int Length) Line(int number)
    {
        int start = 0;
        while (true)
        {
            int end = Bytes[start..].IndexOf((byte)'\n');
            int length = end < 0 ? Length - start : end + 1;
            if (number-- <= 0 || start + length >= Length) return (start, length);
            start += length;
        }
    }

    public int Lines => Bytes.Count((byte)'\n') + 1;
}
