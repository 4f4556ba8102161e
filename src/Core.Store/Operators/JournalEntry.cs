using System.Buffers.Binary;
using System.Text;
using Core.Store.Accounts;

namespace Core.Store.Operators;

/// <summary>An accepted message as it stands in the journals of its sender and its recipient: 1 if it was sent, accepted (8), message id (16), the account's user name, the other's.</summary>
/// <param name="IsSent">Whether the journal is the sender's.</param>
/// <param name="Accepted">When it was accepted.</param>
/// <param name="MessageId">The sender's id.</param>
/// <param name="User">Whose journal it is.</param>
/// <param name="Peer">The other.</param>
internal readonly record struct JournalEntry(bool IsSent, DateTimeOffset Accepted, Guid MessageId, string User, string Peer)
{
    private const int FixedBytes = 25;

    public AccountAddress? Sender(string domain) => AddressOf(IsSent ? User : Peer, domain);

    public AccountAddress? Recipient(string domain) => AddressOf(IsSent ? Peer : User, domain);

    /// <summary>Appends it.</summary>
    public void Write(Stream chunk)
    {
        Span<byte> bytes = stackalloc byte[FixedBytes + 2 + User.Length + Peer.Length];   // user names are ASCII
        bytes[0] = IsSent ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], Accepted.ToUnixTimeMilliseconds());
        MessageId.TryWriteBytes(bytes[9..], bigEndian: true, out _);
        bytes[FixedBytes] = (byte)Encoding.ASCII.GetBytes(User, bytes[(FixedBytes + 1)..]);
        Span<byte> peer = bytes[(FixedBytes + 1 + User.Length)..];
        peer[0] = (byte)Encoding.ASCII.GetBytes(Peer, peer[1..]);
        chunk.Write(bytes);
    }

    /// <summary>All of a chunk, in order.</summary>
    public static List<JournalEntry> ReadAll(ReadOnlySpan<byte> chunk)
    {
        List<JournalEntry> entries = [];
        while (chunk.Length > FixedBytes + 1)
        {
            int user = chunk[FixedBytes], peerAt = FixedBytes + 1 + user;
            if (peerAt >= chunk.Length || peerAt + 1 + chunk[peerAt] > chunk.Length) break;
            entries.Add(new JournalEntry(
                chunk[0] == 1,
                DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(chunk[1..])),
                new Guid(chunk.Slice(9, 16), bigEndian: true),
                Encoding.ASCII.GetString(chunk.Slice(FixedBytes + 1, user)),
                Encoding.ASCII.GetString(chunk.Slice(peerAt + 1, chunk[peerAt]))));
            chunk = chunk[(peerAt + 1 + chunk[peerAt])..];
        }

        return entries;
    }

    private static AccountAddress? AddressOf(string user, string domain) => AccountAddress.TryCreate(user, domain, out AccountAddress address) ? address : null;
}
