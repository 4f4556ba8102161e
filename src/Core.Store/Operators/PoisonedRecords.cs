using System.Buffers.Binary;
using System.Collections.Concurrent;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Core.Store.Telling;
using StackExchange.Redis;

namespace Core.Store.Operators;

/// <summary>Records that could not be opened or found: a sorted set of recipient (partition and handle, 18), sender (18), message name (16), fault digit (1).</summary>
internal sealed class PoisonedRecords(RedisConnection redis, AccountRecords accounts, TimeProvider time)
{
    private const int MostKept = 1_000;
    private const int SenderAt = 18;
    private const int NameAt = 36;
    private const int FaultAt = NameAt + StoreNames.NameBytes;

    private const int MostRemembered = 100_000;   // some 6 MB

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);
    private static readonly TimeSpan NoteAgainAfter = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<UInt128, long> _noted = new();   // name of a record to when

    /// <summary>Notes one, in the background: a page does not wait for it.</summary>
    /// <param name="recipient">Whose mailbox it was met in.</param>
    /// <param name="member">What names it there.</param>
    /// <param name="fault">What is wrong.</param>
    public void Note(AccountName recipient, byte[] member, RecordFault fault) => _ = NoteAsync(
        [.. EndedMessage.SenderBytes(recipient), .. EndedMessage.SenderBytes(MailboxMember.Sender(member)), .. MailboxMember.Name(member), (byte)('0' + (int)fault)]);

    /// <summary>Notes one that stays where it is, and is met by every look at its mailbox: once an hour, so that neither log nor Redis is flooded while a key is missing.</summary>
    /// <returns>Whether this is the first time within the hour.</returns>
    public bool NoteNew(AccountName recipient, byte[] member, RecordFault fault)
    {
        UInt128 name = BinaryPrimitives.ReadUInt128BigEndian(MailboxMember.Name(member));
        if (_noted.TryGetValue(name, out long noted) && time.GetElapsedTime(noted) < NoteAgainAfter) return false;
        if (_noted.Count >= MostRemembered) _noted.Clear();
        _noted[name] = time.GetTimestamp();
        Note(recipient, member, fault);
        return true;
    }

    /// <summary>All of them, the newest first.</summary>
    public async Task<IReadOnlyList<PoisonedRecord>> ListAsync()
    {
        double oldest = (time.GetUtcNow() - Lifetime).ToUnixTimeMilliseconds();
        SortedSetEntry[] noted = await redis.Database.SortedSetRangeByScoreWithScoresAsync(RedisKeys.Poisoned, oldest).ConfigureAwait(false);
        return await Task.WhenAll(noted.Reverse().Select(one => DescribeAsync((byte[])one.Element!, DateTimeOffset.FromUnixTimeMilliseconds((long)one.Score)))).ConfigureAwait(false);
    }

    private async Task NoteAsync(byte[] member)
    {
        DateTimeOffset now = time.GetUtcNow();
        try
        {
            await redis.EvaluateAsync(
                RedisScript.Poison, [RedisKeys.Poisoned], [member, now.ToUnixTimeMilliseconds(), (now - Lifetime).ToUnixTimeMilliseconds(), MostKept]).ConfigureAwait(false);
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault) || fault is StoreUnavailableException)
        {
            // Noted when it is met again; it is counted and logged in any case.
        }
    }

    private async Task<PoisonedRecord> DescribeAsync(byte[] member, DateTimeOffset seen)
    {
        AccountName sender = EndedMessage.SenderOf(member.AsSpan(SenderAt));
        AccountRecord? from = await accounts.TryFindAsync(sender).ConfigureAwait(false);
        AccountRecord? to = await accounts.TryFindAsync(EndedMessage.SenderOf(member)).ConfigureAwait(false);
        RedisValue claim = await redis.Database.StringGetAsync(RedisKeys.Ledger(sender, member[NameAt..FaultAt])).ConfigureAwait(false);
        return new PoisonedRecord(from?.Address, to?.Address, LedgerEntry.MessageIdOf(((ReadOnlyMemory<byte>)claim).Span), (RecordFault)(member[FaultAt] - '0'), seen);
    }
}
