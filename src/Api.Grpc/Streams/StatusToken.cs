using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using Api.Grpc.EdgeLink;
using Core.Store.Accounts;
using Core.Store.Envelopes;

namespace Api.Grpc.Streams;

/// <summary>Where a status stream goes on: base64url of version (1 byte), position (8) and HMAC (16) over both and the account.</summary>
/// <remarks>Every core derives the same key: a token of one core is good at every other, and at no other account.</remarks>
internal sealed class StatusToken(IDerivedKeys keys)
{
    private const byte Version = 1;
    private const int HeadBytes = 9;
    private const int Bytes = HeadBytes + LinkTag.Bytes;
    private const int Characters = 34;

    private readonly KeyedHash _key = keys.Hash("status-token");

    public string Of(AccountAddress account, long position)
    {
        Span<byte> token = stackalloc byte[Bytes];
        token[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(token[1..], position);
        Parts(stackalloc byte[LinkTag.BufferBytes], account, position).Sign(_key, token[HeadBytes..]);
        return Base64Url.EncodeToString(token);
    }

    /// <returns>False for anything that is not a token of this account.</returns>
    public bool TryRead(string text, AccountAddress account, out long position)
    {
        position = 0;
        Span<byte> token = stackalloc byte[Bytes];
        if (text.Length != Characters || Base64Url.DecodeFromChars(text, token, out _, out int length) != OperationStatus.Done || length != Bytes || token[0] != Version) return false;
        position = BinaryPrimitives.ReadInt64BigEndian(token[1..]);
        return Parts(stackalloc byte[LinkTag.BufferBytes], account, position).Verify(_key, token[HeadBytes..]);
    }

    private static LinkTag Parts(Span<byte> buffer, AccountAddress account, long position)
    {
        LinkTag parts = new(buffer);
        parts.Add(Version);
        parts.Add(position);
        parts.Add(account.User);
        parts.Add(account.Domain);
        return parts;
    }
}
