using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Api.Grpc.EdgeLink;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;

namespace Api.Grpc.Streams;

/// <summary>Proof that an account was handed a message: base64url of version (1 byte), the sender's user name, and HMAC (16) over message id, sender and recipient.</summary>
/// <remarks>An acknowledgement is a fact: its token is good on every stream of the account, at every core, and after the message has expired.</remarks>
internal sealed class ReceiveToken(IDerivedKeys keys)
{
    private const byte Version = 1;
    private const int MostBytes = 1 + 64 + LinkTag.Bytes;
    private const int MostCharacters = 108;

    private readonly KeyedHash _key = keys.Hash("receive-token");

    public string Of(in MessageKey message)
    {
        Span<byte> token = stackalloc byte[MostBytes];
        token[0] = Version;
        int head = 1 + Encoding.ASCII.GetBytes(message.Sender.User, token[1..]);
        Parts(stackalloc byte[LinkTag.BufferBytes], message).Sign(_key, token[head..]);
        return Base64Url.EncodeToString(token[..(head + LinkTag.Bytes)]);
    }

    /// <summary>Names the message that an acknowledgement is about.</summary>
    /// <param name="messageId">As the client gives it back.</param>
    /// <param name="text">The token.</param>
    /// <param name="recipient">The account whose stream it came on.</param>
    public bool TryRead(string messageId, string text, AccountAddress recipient, out MessageKey message)
    {
        message = default;
        Span<byte> token = stackalloc byte[MostBytes];
        if (!Guid.TryParseExact(messageId, "D", out Guid id) || text.Length > MostCharacters) return false;
        if (Base64Url.DecodeFromChars(text, token, out _, out int length) != OperationStatus.Done || length <= 1 + LinkTag.Bytes || token[0] != Version) return false;
        int head = length - LinkTag.Bytes;
        if (!AccountAddress.TryCreate(Encoding.ASCII.GetString(token[1..head]), recipient.Domain, out AccountAddress sender)) return false;   // one domain is served
        message = new MessageKey(sender, id, recipient);
        return Parts(stackalloc byte[LinkTag.BufferBytes], message).Verify(_key, token[head..length]);
    }

    private static LinkTag Parts(Span<byte> buffer, in MessageKey message)
    {
        LinkTag parts = new(buffer);
        parts.Add(Version);
        parts.Add(message.MessageId);
        parts.Add(message.Sender.User);
        parts.Add(message.Recipient.User);
        parts.Add(message.Recipient.Domain);
        return parts;
    }
}
