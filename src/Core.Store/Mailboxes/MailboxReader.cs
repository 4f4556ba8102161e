using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Makes a page of opened messages from the names that a script returned: one MGET, then each record is opened and checked.</summary>
internal sealed class MailboxReader(
    RedisConnection redis, MessageEnvelope envelopes, StoreNames names, MessageEnding ending, TimeProvider time,
    IOptions<CoreStoreOptions> options, StoreMetrics metrics, ILogger<MailboxReader> logger)
{
    private const int RowFields = 3;   // member, sequence, tries so far

    /// <summary>The most a page may hold, as an argument.</summary>
    public RedisValue PageSize { get; } = options.Value.PageSize;

    /// <summary>Reads and opens what a script named.</summary>
    /// <param name="recipient">Whose mailbox it is.</param>
    /// <param name="account">Its name.</param>
    /// <param name="after">Where the page begins.</param>
    /// <param name="reply">Of the script: upto in field 1, more in field 2.</param>
    /// <param name="firstRow">Where the rows begin.</param>
    public async Task<MailboxPage> ReadAsync(AccountAddress recipient, AccountName account, long after, RedisResult[] reply, int firstRow)
    {
        long upto = long.Parse(reply[1].ToString(), CultureInfo.InvariantCulture);
        bool more = reply[2].ToString() == "1";
        int rows = (reply.Length - firstRow) / RowFields;
        if (rows == 0) return new MailboxPage(after, upto, more, []);

        byte[][] members = new byte[rows][];
        RedisKey[] records = new RedisKey[rows];
        for (int i = 0; i < rows; i++)
        {
            members[i] = (byte[])reply[firstRow + (i * RowFields)]!;
            records[i] = RedisKeys.Record(account.Partition, MailboxMember.Name(members[i]));
        }

        RedisValue[] values = await redis.Database.StringGetAsync(records).ConfigureAwait(false);
        DateTimeOffset now = time.GetUtcNow();
        List<QueuedMessage> messages = new(rows);
        for (int i = 0; i < rows; i++)
        {
            long sequence = (long)reply[firstRow + (i * RowFields) + 1];
            int tries = (int)reply[firstRow + (i * RowFields) + 2];
            if (Open(recipient, account, members[i], values[i], sequence, tries, now) is { } message) messages.Add(message);
        }

        return new MailboxPage(after, upto, more, messages);
    }

    private QueuedMessage? Open(AccountAddress recipient, AccountName account, byte[] member, RedisValue value, long sequence, int tries, DateTimeOffset now)
    {
        if (value.IsNull)
        {
            // Records outlive their names by an hour: somebody deleted it. Without it there is nothing to deliver.
            StoreLog.RecordMissing(logger);
            metrics.RecordMissing();
            ending.RemoveName(account, member);
            return null;
        }

        ReadOnlySpan<byte> record = ((ReadOnlyMemory<byte>)value).Span;
        if (Outcome.TryParse(record, out _)) return null;   // ended between the script and the MGET

        byte[] name = MailboxMember.Name(member);
        EnvelopeState state = envelopes.TryOpen(record, account, out OpenedEnvelope opened);
        if (state == EnvelopeState.KeyUnknown)
        {
            StoreLog.RecordSetAside(logger);
            metrics.RecordKeyUnknown();
            return null;
        }

        bool itself = state == EnvelopeState.Opened && names.Message(names.Account(opened.Sender), opened.MessageId).AsSpan().SequenceEqual(name);
        if (!itself)
        {
            StoreLog.RecordRejected(logger);
            metrics.RecordRejected();
            ending.Reject(account, member);
            return null;
        }

        if (opened.Expires <= now) return null;   // the sweeper ends it within a second
        return new QueuedMessage(new MessageKey(opened.Sender, opened.MessageId, recipient), sequence, 0, tries + 1, opened.Accepted, opened.Expires, opened.Text);
    }
}
