using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Edge.Sip.Parsing;

namespace Edge.Sip.Transactions;

/// <summary>What tells one transaction from another on a connection: 128 bits of SHA-256 over the fields that the RFC names.</summary>
/// <remarks>
/// A digest keeps the key at 16 bytes whatever a peer puts into its fields, and nobody can make two requests collide. Each field
/// goes in with its length before it, so no two lists of fields look alike. Nothing is allocated for fields up to 1 KiB together.
/// </remarks>
internal readonly record struct TransactionKey(UInt128 Value)
{
    /// <summary>The key of a request received: RFC 3261 §17.2.3.</summary>
    /// <remarks>Branch, sent-by and method; for a branch without the magic cookie, or with nothing behind it, the fields of RFC 2543.</remarks>
    public static TransactionKey OfRequest(in SipRequest request, in SipRequestFields fields)
    {
        SipVia via = fields.Via;
        Span<byte> numbers = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(numbers, via.Port);
        BinaryPrimitives.WriteInt32BigEndian(numbers[4..], fields.CSeq.Number);
        return via.HasMagicBranch
            ? Of("3261"u8, via.Branch, via.Host, numbers[..4], request.MethodName, default, default)
            : Of(request.Uri, fields.To.Tag, fields.From.Tag, fields.CallId, numbers, request.MethodName, request.Headers.First(SipHeader.Via));
    }

    /// <summary>The key of a request we send, and of its response: branch, Call-ID and CSeq have all to match.</summary>
    public static TransactionKey OfClient(ReadOnlySpan<byte> branch, ReadOnlySpan<byte> callId, int cseqNumber, ReadOnlySpan<byte> method)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, cseqNumber);
        return Of("client"u8, branch, callId, number, method, default, default);
    }

    /// <summary>The key of a response received.</summary>
    public static TransactionKey OfResponse(in SipResponseFields fields) =>
        OfClient(fields.Branch, fields.CallId, fields.CSeq.Number, fields.CSeq.Method);

    /// <summary>Short and without what the peer wrote.</summary>
    public override string ToString() => ((ulong)Value).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    private static TransactionKey Of(
        ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d, ReadOnlySpan<byte> e, ReadOnlySpan<byte> f, ReadOnlySpan<byte> g)
    {
        int length = a.Length + b.Length + c.Length + d.Length + e.Length + f.Length + g.Length + (7 * sizeof(int));
        byte[]? rented = length > 1_024 ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> all = rented is null ? stackalloc byte[1_024] : rented;
        int written = 0;
        Append(all, ref written, a);
        Append(all, ref written, b);
        Append(all, ref written, c);
        Append(all, ref written, d);
        Append(all, ref written, e);
        Append(all, ref written, f);
        Append(all, ref written, g);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(all[..written], digest);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return new TransactionKey(BinaryPrimitives.ReadUInt128BigEndian(digest));
    }

    private static void Append(Span<byte> all, ref int written, ReadOnlySpan<byte> field)
    {
        BinaryPrimitives.WriteInt32BigEndian(all[written..], field.Length);
        field.CopyTo(all[(written + sizeof(int))..]);
        written += sizeof(int) + field.Length;
    }
}
