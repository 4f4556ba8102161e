using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Operators;
using Core.Store.Redis;
using Core.Store.Telling;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Makes a page of opened messages from the names that a script returned: one MGET, then each record is opened and checked.</summary>
internal sealed class MailboxReader(
    RedisConnection redis, MessageEnvelope envelopes, StoreNames names, MessageEnding ending, PoisonedRecords poisoned, TimeProvider time,
    IOptions<CoreStoreOptions> options, StoreMetrics metrics, ILogger<MailboxReader> logger)
{
    private const int RowFields = 4;   // member, sequence, tries so far, failed before

    /// <summary>The most a page may hold, as an argument.</summary>
    public RedisValue PageSize { get; } = options.Value.PageSize;

    /// <summary>Reads and opens what a script named.</summary>
    /// <param name="recipient">Whose mailbox it is.</param>
    /// <param name="account">Its name.</param>
    /// <param name="reply">Of the script: where the page begins in field 1, upto in field 2, more in field 3.</param>
    /// <param name="firstRow">Where the rows begin.</param>
    public async Task<MailboxPage> ReadAsync(AccountAddress recipient, AccountName account, RedisResult[] reply, int firstRow)
    {
        long after = long.Parse(reply[1].ToString(), CultureInfo.InvariantCulture);
        long upto = long.Parse(reply[2].ToString(), CultureInfo.InvariantCulture);
        bool more = reply[3].ToString() == "1";
        int rows = (reply.Length - firstRow) / RowFields;
        if (rows == 0) return new MailboxPage(after, upto, more, []);

        byte[][] members = new byte[rows][];
        RedisKey[] records = new RedisKey[rows];
        for (int i = 0; i < rows; i++)
        {
            members[i] = (byte[])reply[firstRow + (i * RowFields)]!;
            records[i] = RedisKeys.Record(account.Partition, MailboxMember.Name(members[i]));
        }

        RedisValue[] values = await redis.AskAsync(records[0], () => redis.Database.StringGetAsync(records)).ConfigureAwait(false);
        DateTimeOffset now = time.GetUtcNow();
        List<QueuedMessage> messages = new(rows);
        for (int i = 0; i < rows; i++)
        {
            int row = firstRow + (i * RowFields);
            if (Open(recipient, account, members[i], values[i], now) is { } message)
            {
                bool retry = reply[row + 3].ToString() == "1";
                messages.Add(message with { Sequence = (long)reply[row + 1], Attempt = (int)reply[row + 2] + 1, Retry = retry, EndsUntold = message.EndsUntold && !retry });
            }
        }

        return new MailboxPage(after, upto, more, messages);
    }

    private QueuedMessage? Open(AccountAddress recipient, AccountName account, byte[] member, RedisValue value, DateTimeOffset now)
    {
        if (value.IsNull)
        {
            // Records outlive their names by an hour: somebody deleted it. Without it there is nothing to deliver.
            StoreLog.RecordMissing(logger);
            metrics.RecordMissing();
            poisoned.Note(account, member, RecordFault.Missing);
            ending.RemoveName(account, member);
            return null;
        }

        ReadOnlySpan<byte> record = ((ReadOnlyMemory<byte>)value).Span;
        if (Outcome.TryParse(record, out _)) return null;   // ended between the script and the MGET

        byte[] name = MailboxMember.Name(member);
        EnvelopeState state = envelopes.TryOpen(record, account, out OpenedEnvelope opened);
        if (state == EnvelopeState.KeyUnknown)
        {
            if (!poisoned.NoteNew(account, member, RecordFault.KeyUnknown)) return null;
            StoreLog.RecordSetAside(logger);
            metrics.RecordKeyUnknown();
            return null;
        }

        bool itself = state == EnvelopeState.Opened && names.Message(names.Account(opened.Sender), opened.MessageId).AsSpan().SequenceEqual(name);
        if (!itself)
        {
            StoreLog.RecordRejected(logger);
            metrics.RecordRejected();
            poisoned.Note(account, member, RecordFault.Rejected);
            ending.Reject(account, member);
            return null;
        }

        if (opened.Expires <= now) return null;   // the sweeper ends it within a second
        QueuedMessage message = new(new MessageKey(opened.Sender, opened.MessageId, recipient), 0, 0, 1, opened.Accepted, opened.Expires, opened.Text, EndsUntold: opened.Flags == MemberFlags.None);
        return opened.Flags.HasFlag(MemberFlags.Receipt) ? message with { Text = default, Receipt = ReceiptContent.Read(opened.Text) } : message;
    }
}
