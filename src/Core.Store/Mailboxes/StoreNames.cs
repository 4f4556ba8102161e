using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;

namespace Core.Store.Mailboxes;

/// <summary>Turns addresses and ids into names: HMAC-SHA256 with the ring's name key, cut to 16 bytes. No address stands in a Redis key.</summary>
internal sealed class StoreNames(KeyRing ring)
{
    /// <summary>Hash tags, and so the most slots that a cluster can spread. Fixed when a store is first filled.</summary>
    public const int Partitions = 1_024;

    /// <summary>Bytes of every name: at a billion names two alike have a chance of 10^-21.</summary>
    public const int NameBytes = 16;

    /// <summary>Remembered, at about 300 bytes an account: 15 MB at most.</summary>
    private const int MostRemembered = 50_000;

    private readonly KeyedHash _key = ring.Current(KeyPurpose.Name).Hash;
    private readonly ConcurrentDictionary<AccountAddress, AccountName> _accounts = new();
    private int _remembered;

    /// <summary>Of an account. A message asks for its sender's and its recipient's at every step of its life: the last ones used are remembered.</summary>
    public AccountName Account(AccountAddress address)
    {
        if (_accounts.TryGetValue(address, out AccountName name)) return name;
        if (Interlocked.Increment(ref _remembered) >= MostRemembered)   // the dictionary's own count would take all of its locks
        {
            Volatile.Write(ref _remembered, 0);
            _accounts.Clear();
        }

        return _accounts[address] = MakeAccount(address);
    }

    /// <summary>Of a message: its sender and id, so that one sender's ids never meet another's.</summary>
    public byte[] Message(AccountName sender, Guid messageId)
    {
        Span<byte> input = stackalloc byte[1 + NameBytes + 16];
        input[0] = (byte)'m';
        sender.Handle.CopyTo(input[1..]);
        messageId.TryWriteBytes(input[(1 + NameBytes)..], bigEndian: true, out _);
        return Cut(input);
    }

    /// <summary>Id of the receipt for a message that came to a state: always the same, so that telling twice makes one. UUIDv8 (RFC 9562 §5.8).</summary>
    public Guid Receipt(ReadOnlySpan<byte> message, MessageState state)
    {
        byte[] id = Cut([(byte)'r', .. message, (byte)state]);
        id[6] = (byte)((id[6] & 0x0F) | 0x80);   // version 8
        id[8] = (byte)((id[8] & 0x3F) | 0x80);   // variant 10
        return new Guid(id, bigEndian: true);
    }

    /// <summary>Of an edge.</summary>
    public AccountName Edge(string edgeId)
    {
        byte[] handle = Cut([(byte)'e', .. Encoding.UTF8.GetBytes(edgeId)]);
        return new AccountName(handle, BinaryPrimitives.ReadUInt16BigEndian(handle) % Partitions);
    }

    /// <summary>Of the name key itself: a store filled with another ring is told by it.</summary>
    public string KeyCheck() => Convert.ToHexStringLower(Cut("key check"u8));

    private AccountName MakeAccount(AccountAddress address)
    {
        Span<byte> hash = stackalloc byte[32];
        Span<byte> input = stackalloc byte[2 + 64 + (253 * 3)];
        input[0] = (byte)'a';
        int length = 1 + Encoding.UTF8.GetBytes(address.User, input[1..]);
        input[length++] = (byte)'@';
        length += Encoding.UTF8.GetBytes(address.Domain, input[length..]);
        _key.Compute(input[..length], hash);
        return new AccountName(hash[..NameBytes].ToArray(), BinaryPrimitives.ReadUInt16BigEndian(hash[NameBytes..]) % Partitions);
    }

    private byte[] Cut(ReadOnlySpan<byte> input)
    {
        byte[] name = new byte[NameBytes];
        _key.Compute(input, name);
        return name;
    }
}
