using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Operators;

/// <summary>Reads journals: an account's messages, newest first, each with its state of now.</summary>
internal sealed class MessageLog(RedisConnection redis, StoreNames names, JournalCipher cipher, TimeProvider time, IOptions<CoreStoreOptions> options)
{
    /// <summary>Chunks read for one answer: what bounds its time. It may then hold fewer messages than asked for, and says where to go on.</summary>
    private const int MostChunks = 4_096;

    private const int ChunksAtOnce = 256;

    private readonly CoreStoreOptions _options = options.Value;
    private readonly string _domain = options.Value.Domain.ToLowerInvariant();

    /// <summary>A page of an account's messages.</summary>
    /// <exception cref="FormatException">The token is not one of ours.</exception>
    public async Task<Page<LoggedMessage>> ListAsync(AccountAddress account, int pageSize, string pageToken)
    {
        int partition = names.Account(account).Partition;
        long oldest = MessageJournal.BucketOf(time.GetUtcNow() - _options.MessageLogLifetime);
        long newest = MessageJournal.BucketOf(time.GetUtcNow());
        Place place = pageToken.Length == 0 ? new Place(newest, null, null) : Place.Parse(pageToken);
        if (place.Bucket > newest) throw new FormatException("not a page token");
        List<JournalEntry> found = [];
        int read = 0;
        while (place.Bucket >= oldest && found.Count < pageSize && read < MostChunks)
        {
            RedisKey key = RedisKeys.Journal(partition, place.Bucket);
            long end = place.Chunk ?? await redis.Database.ListLengthAsync(key).ConfigureAwait(false);   // chunks in front of it are left
            if (end <= 0)
            {
                place = new Place(place.Bucket - 1, null, null);
                read++;
                continue;
            }

            long from = Math.Max(0, end - ChunksAtOnce);
            RedisValue[] chunks = await redis.Database.ListRangeAsync(key, from, end - 1).ConfigureAwait(false);
            read += chunks.Length + 1;
            place = Take(found, account, pageSize, partition, place, from, chunks);
        }

        string next = place.Bucket < oldest ? string.Empty : place.ToString();
        return new Page<LoggedMessage>(await Task.WhenAll(found.Select(DescribeAsync)).ConfigureAwait(false), next);
    }

    /// <summary>One message of a sender; null for an id that this sender never used.</summary>
    public async Task<LoggedMessage?> FindAsync(AccountAddress sender, Guid messageId)
    {
        AccountName account = names.Account(sender);
        byte[] name = names.Message(account, messageId);
        RedisValue ledger = await redis.Database.StringGetAsync(RedisKeys.Ledger(account, name)).ConfigureAwait(false);
        if (ledger.IsNull || !LedgerEntry.TryParse(((ReadOnlyMemory<byte>)ledger).Span, out LedgerEntry claim)) return null;
        JournalEntry? entry = await SearchAsync(account.Partition, sender.User, messageId, claim.Accepted).ConfigureAwait(false);
        LoggedMessage message = await DescribeAsync(messageId, sender, entry?.Recipient(_domain), name, claim.RecipientPartition, claim.Accepted).ConfigureAwait(false);
        return message.State is null ? null : message;   // a claim alone is shown to nobody
    }

    /// <summary>Picks the account's entries from chunks, the newest first, until the page is full.</summary>
    /// <returns>Where to go on.</returns>
    private Place Take(List<JournalEntry> found, AccountAddress account, int pageSize, int partition, Place place, long from, RedisValue[] chunks)
    {
        for (int i = chunks.Length - 1; i >= 0; i--)
        {
            List<JournalEntry> entries = Open(partition, place.Bucket, chunks[i]);
            int left = i == chunks.Length - 1 && place.Entry is { } entry ? Math.Min(entry, entries.Count) : entries.Count;   // a page may have ended within the last one
            while (left-- > 0)
            {
                if (entries[left].User != account.User) continue;
                found.Add(entries[left]);
                if (found.Count == pageSize) return new Place(place.Bucket, from + i + 1, left);
            }
        }

        return from == 0 ? new Place(place.Bucket - 1, null, null) : new Place(place.Bucket, from, null);
    }

    /// <summary>Looks for a message where it was accepted: in the list of that time, from where it must be on.</summary>
    private async Task<JournalEntry?> SearchAsync(int partition, string user, Guid messageId, DateTimeOffset accepted)
    {
        long bucket = MessageJournal.BucketOf(accepted);
        RedisKey key = RedisKeys.Journal(partition, bucket);
        for (long end = await redis.Database.ListLengthAsync(key).ConfigureAwait(false), read = 0; end > 0 && read < MostChunks; end -= ChunksAtOnce, read += ChunksAtOnce)
        {
            foreach (RedisValue chunk in await redis.Database.ListRangeAsync(key, Math.Max(0, end - ChunksAtOnce), end - 1).ConfigureAwait(false))
            {
                foreach (JournalEntry entry in Open(partition, bucket, chunk))
                {
                    if (entry.IsSent && entry.MessageId == messageId && entry.User == user) return entry;
                }
            }
        }

        return null;
    }

    private List<JournalEntry> Open(int partition, long bucket, RedisValue chunk) =>
        cipher.Open(((ReadOnlyMemory<byte>)chunk).Span, MessageJournal.Place(partition, bucket)) is { } plain ? JournalEntry.ReadAll(plain) : [];

    private Task<LoggedMessage> DescribeAsync(JournalEntry entry)
    {
        AccountAddress sender = entry.Sender(_domain)!.Value, recipient = entry.Recipient(_domain)!.Value;
        byte[] name = names.Message(names.Account(sender), entry.MessageId);
        return DescribeAsync(entry.MessageId, sender, recipient, name, names.Account(recipient).Partition, entry.Accepted);
    }

    private async Task<LoggedMessage> DescribeAsync(Guid id, AccountAddress sender, AccountAddress? recipient, byte[] name, int partition, DateTimeOffset accepted)
    {
        Task<RedisValue> reading = redis.Database.StringGetRangeAsync(RedisKeys.Record(partition, name), 0, MessageEnvelope.HeaderBytes - 1);
        RedisValue[] tries = await redis.Database.ListRangeAsync(RedisKeys.TriesLog(partition, name)).ConfigureAwait(false);
        RedisValue value = await reading.ConfigureAwait(false);
        DateTimeOffset now = time.GetUtcNow(), expires = accepted + _options.Validity;
        LoggedMessage message = new(id, sender, recipient, null, accepted, expires, null, [.. tries.Select(static one => DeliveryTry.Parse((string?)one)).OfType<DeliveryTry>()]);
        ReadOnlySpan<byte> bytes = ((ReadOnlyMemory<byte>)value).Span;
        if (MessageEnding.StatusOf(bytes, now) is not { } status) return expires <= now ? message with { State = MessageState.Expired } : message;
        message = message with { State = status.State, AcceptTime = status.AcceptTime, ExpireTime = status.ExpireTime };
        if (!Outcome.TryParse(bytes, out _)) return message;
        (int sipStatus, int attempt) = Outcome.LastTry(bytes);
        DateTimeOffset ended = Outcome.Ended(bytes);
        return message with
        {
            EndTime = ended,
            Tries = attempt == 0 ? message.Tries : [.. message.Tries, new DeliveryTry(ended, attempt, sipStatus, string.Empty)],
        };
    }

    /// <summary>Where a list goes on: the list of which 6 hours, in front of which chunk of it, and of the last of these in front of which entry.</summary>
    private readonly record struct Place(long Bucket, long? Chunk, int? Entry)
    {
        public static Place Parse(string token)
        {
            string[] parts = token.Split('-');
            if (parts.Length != 3 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long bucket)) throw new FormatException("not a page token");
            long? chunk = long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long c) ? c : null;
            int? entry = int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int e) ? e : null;
            return (chunk is null && parts[1].Length > 0) || (entry is null && parts[2].Length > 0) ? throw new FormatException("not a page token") : new Place(bucket, chunk, entry);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bucket}-{Chunk}-{Entry}");
    }
}
