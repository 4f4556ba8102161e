using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Core.Store.Telling;

/// <summary>Tells senders what became of their messages: on the list that their status streams read, and by a receipt if they asked for one.</summary>
/// <remarks>Every step may be done twice. What is not told now is told by the sweeper (docs/adr/0004).</remarks>
internal sealed class Teller(
    RedisConnection redis, StoreNames names, MailboxWriter mailboxes, SealedReceiptRequest requests, AccountRecords accounts,
    TellingPauses pauses, Wakeups wakeups, IDeliveryPort port, TimeProvider time, StoreMetrics metrics, ILogger<Teller> logger)
{
    /// <summary>How long a core that ended a message has to tell of it before the sweeper looks.</summary>
    public static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(2);

    /// <summary>Changes kept for a sender.</summary>
    private const int MostChanges = 1_000;

    /// <summary>Receipts waiting for an account; further ones are dropped: the list and GET still tell.</summary>
    public const int MostReceipts = 1_000;

    /// <summary>Told in one look of the sweeper.</summary>
    private const int ToldAtOnce = 64;

    /// <summary>Tells now; never throws: whatever fails stays for the sweeper.</summary>
    /// <param name="partition">Where the messages ended.</param>
    /// <param name="entries">See <see cref="EndedMessage"/>.</param>
    /// <returns>Whether all are told.</returns>
    public async Task<bool> TellAsync(int partition, IReadOnlyList<byte[]> entries)
    {
        bool all = true;
        foreach (byte[][] some in entries.Chunk(ToldAtOnce))
        {
            bool[] told = await Task.WhenAll(some.Select(entry => TellOneAsync(partition, entry))).ConfigureAwait(false);
            all &= told.All(done => done);
        }

        return all;
    }

    /// <summary>The sweeper's look at a partition that has something to tell; after a look that could not tell all, not before a pause.</summary>
    public async Task TellDueAsync(int partition)
    {
        if (!pauses.IsOver(partition)) return;
        RedisValue again = (time.GetUtcNow() + LookAfter).ToUnixTimeMilliseconds();
        RedisResult due = await redis.EvaluateAsync(RedisScript.ToTell, [RedisKeys.ToTell(partition), RedisKeys.Busy(partition)], [again, ToldAtOnce]).ConfigureAwait(false);
        if (await TellAsync(partition, [.. ((RedisResult[])due!).Select(entry => (byte[])entry!)]).ConfigureAwait(false)) pauses.End(partition);
        else pauses.Lengthen(partition);
    }

    private async Task<bool> TellOneAsync(int partition, byte[] entry)
    {
        try
        {
            if (!EndedMessage.TryParse(entry, out EndedMessage ended) || await IsToldAsync(ended).ConfigureAwait(false))
                await redis.Database.SetRemoveAsync(RedisKeys.ToTell(partition), entry).ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault) || fault is StoreUnavailableException)
        {
            StoreLog.TellingPutOff(logger, fault);
            return false;
        }
    }

    /// <returns>Whether nothing is left to tell.</returns>
    private async Task<bool> IsToldAsync(EndedMessage ended)
    {
        RedisResult result = await redis.EvaluateAsync(
            RedisScript.Tell,
            [RedisKeys.Ledger(ended.Sender, ended.Message), RedisKeys.Told(ended.Sender), RedisKeys.Sequence(ended.Sender.Partition)],
            [ended.StateDigit, ended.EndedAt, time.GetUtcNow().ToUnixTimeMilliseconds(), MostChanges]).ConfigureAwait(false);
        if (result.IsNull) return true;   // its claim has ended: nobody can ask for it any more either
        RedisResult[] reply = (RedisResult[])result!;
        if (reply[0].ToString() == "1")
        {
            metrics.Told("list");
            wakeups.Wake(ended.Sender);
        }

        byte[] asked = (byte[])reply[3]!;
        return reply[1].ToString() != "1" || asked.Length == 0 || await SendReceiptAsync(ended, new Guid((byte[])reply[2]!, bigEndian: true), asked, MailboxMember.Time((byte[])reply[4]!)).ConfigureAwait(false);
    }

    private async Task<bool> SendReceiptAsync(EndedMessage ended, Guid messageId, byte[] asked, DateTimeOffset accepted)
    {
        if (!requests.TryOpen(asked, ended.Message, out ReceiptRequest request, out AccountAddress recipient)) return true;   // altered
        if (!(ended.State == MessageState.Delivered ? request.Delivered : request.Failed)) return true;
        if (await accounts.FindAsync(ended.Sender).ConfigureAwait(false) is not { } sender) return true;   // deleted

        Receipt receipt = new(messageId, request.ClientId, ended.State, accepted, MailboxMember.Time(ended.EndedAt));
        NewMessage message = new(recipient, names.Receipt(ended.Message, ended.State), sender.Address, ReceiptContent.Write(receipt));
        AccountName from = names.Account(recipient);
        Acceptance acceptance = await mailboxes.EnqueueAsync(
            message, from, ended.Sender, names.Message(from, message.MessageId), receipt.EndTime, MemberFlags.Receipt).ConfigureAwait(false);
        metrics.Told(acceptance.Outcome == AcceptOutcome.QueueFull ? "receipt_dropped" : "receipt");
        if (acceptance.Push is { } push) port.Push(push with { Message = push.Message with { Text = default, Receipt = receipt } });
        return true;
    }
}
