using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Presence;

namespace Api.Grpc.EdgeLink;

/// <summary>The first 16 bytes of HMAC-SHA256 over a claim and the account and flow it is bound to. Lengths are part of the input, so no two inputs read alike.</summary>
internal static class FlowMac
{
    /// <summary>128 bits: as many as the keys' purposes need.</summary>
    public const int Bytes = 16;

    /// <summary>Writes the code.</summary>
    /// <param name="key">32 bytes, of one purpose.</param>
    /// <param name="claim">What is vouched for, at most 64 bytes.</param>
    /// <param name="account">Whose it is.</param>
    /// <param name="flow">Where it holds.</param>
    /// <param name="mac">16 bytes.</param>
    public static void Write(byte[] key, ReadOnlySpan<byte> claim, AccountAddress account, FlowId flow, Span<byte> mac)
    {
        Span<byte> input = stackalloc byte[64 + 20 + 3 * 256 + 16];
        int at = 0;
        input[at++] = (byte)claim.Length;
        claim.CopyTo(input[at..]);
        at += claim.Length;
        BinaryPrimitives.WriteInt64BigEndian(input[at..], flow.Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(input[(at + 8)..], flow.Flow);
        at += 16;
        at = Append(input, at, flow.EdgeId);
        at = Append(input, at, account.User);
        at = Append(input, at, account.Domain);
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, input[..at], whole);
        whole[..Bytes].CopyTo(mac);
    }

    private static int Append(Span<byte> input, int at, string text)
    {
        int length = Encoding.UTF8.GetBytes(text, input[(at + 1)..]);
        input[at] = checked((byte)length);
        return at + 1 + length;
    }
}
