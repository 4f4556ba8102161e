using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Every key there is in Redis. <c>{p}</c> is the hash tag, the partition in decimal; names are 16 bytes (<see cref="StoreNames"/>).</summary>
/// <remarks>
/// <code>
/// key                       type        fields                                                           lifetime
/// {s}l + message name       string      ledger entry: see LedgerEntry (48 bytes; longer with receipts)   7 d
/// {r}r + message name       string      record: see MessageEnvelope; then outcome: see Outcome           validity + 1 h; then 7 d
/// {r}m + account handle     sorted set  score = sequence; member: see MailboxMember (51 bytes)           none: empty = gone
/// {p}q                      string      sequence of what is told; on a cluster also of messages          none
/// {r}b                      sorted set  score = when to look next, Unix ms; member = account handle,     none: empty = gone
///                                       or "tell": see {r}w
/// {r}n + account handle     string      up to 5 bindings, newest first: see bindings.lua                 longest registration
/// {r}t + account handle     hash        mailbox member to "tries:due"; due 0 = wait for a registration   validity + 1 h
/// {r}h + message name       list        failed tries, oldest first: see DeliveryTry (at most 50)                7 d
/// {r}w                      set         what ended and is to be told: see EndedMessage (43 bytes)          none: empty = gone
/// {s}T + account handle     sorted set  score = sequence; member: state digit, message id, ended; 'f' =  7 d after the last stream, or account deleted
///                                       below here changes were cut off
/// {p}a                      hash        account handle to sealed account: see AccountRecord              none
/// {p}s + account handle     list        session events, oldest first, sealed: see SessionJournal (at most 100)  7 d after the last
/// {p}g + 6 hours since 1970 list        messages accepted in that time, sealed by the handful: see MessageJournal  7 d after the last
/// {p}L                      string      core that sweeps share p, for p below 64: see SweepLeases        10 s
/// {p}e + edge name          hash        "last", and instance to epoch for the last 16 starts: EdgeEpochs 30 d after its last link
/// {p}E + edge name          string      empty: some core had a link to the edge just now                 30 s
/// core-store:format         string      format, partitions and check of the name key: see RedisGuard     none
/// core-store:keys           string      core that tends the key ring: see KeyKeeper                      60 s
/// core-store:cores          sorted set  score = last sign of life, Unix ms; member = core id             none
/// core-store:sequence       string      sequence of messages: see sequences.lua; on a cluster {r}q       none
/// core-store:poisoned       sorted set  score = last met, Unix ms; member: see PoisonedRecords (at most 1,000)    7 d each
/// core-store:asked          sorted set  score = until when, Unix ms; member = partition (2) and handle   none: 10 s each
///                                       of an account whose edge its sweeper does not reach
/// </code>
/// And three channels, <c>core-store:wake</c> (see Wakeups), <c>core-store:revoked</c> (see Revocations) and the driver's, <c>core-store:driver</c>.
/// </remarks>
internal static class RedisKeys
{
    public static readonly RedisKey Format = "core-store:format";
    public static readonly RedisKey KeyLease = "core-store:keys";
    public static readonly RedisKey Cores = "core-store:cores";
    public static readonly RedisKey MessageSequence = "core-store:sequence";
    public static readonly RedisKey Poisoned = "core-store:poisoned";
    public static readonly RedisKey Asked = "core-store:asked";
    public static readonly RedisChannel Wake = RedisChannel.Literal("core-store:wake");
    public static readonly RedisChannel Revoked = RedisChannel.Literal("core-store:revoked");

    private static readonly byte[][] Tags = [.. Enumerable.Range(0, StoreNames.Partitions).Select(p => Encoding.ASCII.GetBytes($"{{{p}}}"))];

    public static RedisKey Ledger(AccountName sender, byte[] message) => Key(sender.Partition, 'l', message);

    public static RedisKey Record(int partition, byte[] message) => Key(partition, 'r', message);

    public static RedisKey Mailbox(AccountName account) => Key(account.Partition, 'm', account.Handle);

    /// <summary>Of what is told; on a cluster also of messages.</summary>
    public static RedisKey Sequence(int partition) => Key(partition, 'q', []);

    /// <summary>On a cluster the sequence of messages, under the hash tag of another key.</summary>
    public static RedisKey SequenceBeside(RedisKey key)
    {
        ReadOnlySpan<byte> name = (byte[])key!;
        return (byte[])[.. name[..(name.IndexOf((byte)'}') + 1)], (byte)'q'];
    }

    public static RedisKey Busy(int partition) => Key(partition, 'b', []);

    public static RedisKey Bindings(AccountName account) => Key(account.Partition, 'n', account.Handle);

    public static RedisKey Tries(AccountName account) => Key(account.Partition, 't', account.Handle);

    public static RedisKey TriesLog(int partition, byte[] message) => Key(partition, 'h', message);

    public static RedisKey Sessions(AccountName account) => Key(account.Partition, 's', account.Handle);

    public static RedisKey Journal(int partition, long sixHours) => Key(partition, 'g', Encoding.ASCII.GetBytes(sixHours.ToString(CultureInfo.InvariantCulture)));

    public static RedisKey Accounts(int partition) => Key(partition, 'a', []);

    public static RedisKey Lease(int share) => Key(share, 'L', []);

    public static RedisKey Epochs(AccountName edge) => Key(edge.Partition, 'e', edge.Handle);

    public static RedisKey Alive(AccountName edge) => Key(edge.Partition, 'E', edge.Handle);

    public static RedisKey ToTell(int partition) => Key(partition, 'w', []);

    public static RedisKey Told(AccountName sender) => Key(sender.Partition, 'T', sender.Handle);

    /// <summary>The letter behind the hash tag; null for a key without one.</summary>
    public static char? KindOf(RedisKey key)
    {
        ReadOnlySpan<byte> bytes = (byte[])key!;
        int end = bytes.IndexOf((byte)'}');
        return bytes.Length > 0 && bytes[0] == '{' && end > 0 && end + 1 < bytes.Length ? (char)bytes[end + 1] : null;
    }

    /// <summary>What follows the letter, and the partition in front of it: of a key that <see cref="KindOf"/> knows.</summary>
    public static AccountName NameOf(RedisKey key)
    {
        byte[] bytes = (byte[])key!;
        int end = Array.IndexOf(bytes, (byte)'}');
        return new AccountName(bytes[(end + 2)..], int.Parse(bytes.AsSpan(1, end - 1), CultureInfo.InvariantCulture));
    }

    private static RedisKey Key(int partition, char kind, ReadOnlySpan<byte> name)
    {
        byte[] tag = Tags[partition];
        byte[] key = new byte[tag.Length + 1 + name.Length];
        tag.CopyTo(key, 0);
        key[tag.Length] = (byte)kind;
        name.CopyTo(key.AsSpan(tag.Length + 1));
        return key;
    }
}
