using System.Diagnostics;
using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Limits;
using Core.Store.Operators;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>The life of a message in Redis. Each step is one script; docs/adr/0001 counts the writes.</summary>
/// <remarks>Every method sends its first command before it first awaits, but for AcceptAsync on a cluster: the order of calls is the order in Redis.</remarks>
internal sealed class RedisMessageStore(
    RedisConnection redis, KeyRing ring, StoreNames names, MailboxWriter mailboxes, MessageEnding ending, MailboxReader reader,
    SealedReceiptRequest receiptRequests, KnownAccounts accounts, SessionJournal sessions, MessageJournal journal, TimeProvider time, IOptions<CoreStoreOptions> options, ILimits limits, StoreMetrics metrics) : IMessageStore
{
    /// <summary>A claim that old is renewed by a repeat, so that it never ends before its record.</summary>
    private static readonly TimeSpan RenewClaimAfter = TimeSpan.FromHours(12);

    private readonly CoreStoreOptions _options = options.Value;

    /// <inheritdoc/>
    public async Task<Acceptance> AcceptAsync(NewMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Acceptance acceptance;
        if (redis.IsCluster)
        {
            acceptance = await redis.WithinDeadlineAsync(ClaimThenEnqueueAsync(message)).ConfigureAwait(false);
        }
        else
        {
            long began = Stopwatch.GetTimestamp();
            AcceptedTry first = Try(message, message.Receipts is null ? MemberFlags.None : MemberFlags.Tell);
            (Acceptance? answer, ReadOnlyMemory<byte> claimed) = await mailboxes.ClaimAndEnqueueAsync(first).ConfigureAwait(false);
            acceptance = answer ?? await redis.WithinDeadlineAsync(GoOnAsync(first, claimed), began).ConfigureAwait(false);
        }

        metrics.Accept(acceptance.Outcome);
        if (acceptance.Outcome == AcceptOutcome.Accepted) journal.Add(message, acceptance.Status!.AcceptTime);
        return acceptance;
    }

    /// <inheritdoc/>
    public Task<MessageStatus?> FindAsync(AccountAddress sender, Guid messageId) => redis.WithinDeadlineAsync(FindInRedisAsync(sender, messageId));

    /// <inheritdoc/>
    public Task<Acceptance?> FindRepeatedAsync(NewMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return redis.WithinDeadlineAsync(FindRepeatedInRedisAsync(message));
    }

    /// <inheritdoc/>
    public Task<MailboxPage?> RegisterAsync(AccountAddress account, Binding binding, long after, bool forgetTries, ClientSession? client)
    {
        ArgumentNullException.ThrowIfNull(binding);
        return redis.WithinDeadlineAsync(BindAsync(account, binding, after, forgetTries, client));
    }

    /// <inheritdoc/>
    public async Task UnregisterAsync(AccountAddress account, FlowId flow, SessionEnd? how)
    {
        AccountName name = names.Account(account);
        RedisKey[] keys = [RedisKeys.Bindings(name), RedisKeys.Mailbox(name), RedisKeys.Tries(name), RedisKeys.Busy(name.Partition)];
        RedisValue[] args = [flow.Epoch, Number(flow.Flow), BindingLine.Field(flow.EdgeId, nameof(flow)), name.Handle];
        if (how is not null)
        {
            keys = [.. keys, RedisKeys.Sessions(name)];
            args = [.. args, sessions.Ended(name, flow, how), SessionJournal.MostEvents, Milliseconds(SessionJournal.Lifetime)];
        }

        RedisResult ended = await redis.WithinDeadlineAsync(redis.EvaluateAsync(RedisScript.Unregister, keys, args)).ConfigureAwait(false);
        if ((int)ended == 0) metrics.EndIgnored();
    }

    /// <inheritdoc/>
    public Task<MailboxPage> ReadPageAsync(AccountAddress account, FlowId flow, long after) => redis.WithinDeadlineAsync(PageAsync(account, flow, after));

    /// <inheritdoc/>
    public Task<MessageStatus?> EndAsync(MessageKey message, MessageState state, int sipStatus, int attempt, MessageTimes? untold)
    {
        AccountName sender = names.Account(message.Sender);
        Task<MessageStatus?> ended = ending.EndAsync(names.Account(message.Recipient), sender, names.Message(sender, message.MessageId), state, sipStatus, attempt, untold);
        return MessageEnding.IsWhole(state, untold) ? redis.WithinTurnAsync(ended) : redis.WithinDeadlineAsync(ended);   // whole: nothing is told behind it
    }

    /// <inheritdoc/>
    public async Task FailAsync(MessageKey message, FlowId flow, int attempt, int sipStatus)
    {
        AccountName recipient = names.Account(message.Recipient);
        byte[] name = names.Message(names.Account(message.Sender), message.MessageId);
        DeliveryLimits delivery = limits.Current.Delivery;
        RedisResult counted = await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Fail,
            [RedisKeys.Record(recipient.Partition, name), RedisKeys.Mailbox(recipient), RedisKeys.Tries(recipient), RedisKeys.Busy(recipient.Partition), RedisKeys.Bindings(recipient),
                RedisKeys.TriesLog(recipient.Partition, name)],
            [name, flow.Epoch, Number(flow.Flow), flow.EdgeId, attempt, delivery.Tries, Milliseconds(TimeSpan.FromSeconds(delivery.RetrySeconds)),
                recipient.Handle, Milliseconds(_options.Validity + MailboxWriter.RecordGrace),
                new DeliveryTry(time.GetUtcNow(), attempt, sipStatus, flow.EdgeId).ToLine(), DeliveryTry.MostKept, Milliseconds(_options.OutcomeLifetime)])).ConfigureAwait(false);
        if ((int)counted == 1) metrics.TryFailed();
    }

    private async Task<Acceptance> ClaimThenEnqueueAsync(NewMessage message)
    {
        // A mistyped recipient must not use up the id; a repeat finds its claim even when the account is gone by now.
        AcceptedTry attempt = Try(message, message.Receipts is null ? MemberFlags.None : MemberFlags.Tell);
        RedisKey ledger = RedisKeys.Ledger(attempt.Sender, attempt.Name);
        bool isNew = await accounts.ExistsAsync(message.Recipient, attempt.Recipient).ConfigureAwait(false)
            && await redis.AskAsync(ledger, () => redis.Database.StringSetAsync(ledger, attempt.Claim, _options.OutcomeLifetime, When.NotExists)).ConfigureAwait(false);
        RedisValue first = isNew ? attempt.Claim : await redis.AskAsync(ledger, () => redis.Database.StringGetAsync(ledger)).ConfigureAwait(false);
        return first.IsNull ? new Acceptance(AcceptOutcome.UnknownRecipient, null, null) : await EnqueueClaimedAsync(attempt, (ReadOnlyMemory<byte>)first).ConfigureAwait(false);
    }

    /// <summary>Where the first step has not stored it.</summary>
    /// <param name="claimed">The claim of before; empty if its sender listens and the record does not say so.</param>
    private async Task<Acceptance> GoOnAsync(AcceptedTry attempt, ReadOnlyMemory<byte> claimed)
    {
        if (claimed.IsEmpty)
        {
            attempt = Try(attempt.Message, MemberFlags.Tell);   // what is sealed cannot be changed: once more from the beginning, at the time it is now
            (Acceptance? acceptance, claimed) = await mailboxes.ClaimAndEnqueueAsync(attempt).ConfigureAwait(false);
            if (acceptance is not null) return acceptance;
        }

        return await EnqueueClaimedAsync(attempt, claimed).ConfigureAwait(false);
    }

    private async Task<Acceptance> EnqueueClaimedAsync(AcceptedTry attempt, ReadOnlyMemory<byte> claimed)
    {
        (NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted, MemberFlags flags, _) = attempt;
        if (!LedgerEntry.TryParse(claimed.Span, out LedgerEntry entry) || !LedgerEntry.IsFor(claimed.Span, ring, recipient, message.Text.Span))
            return new Acceptance(AcceptOutcome.IdReused, null, null);
        if (accepted - entry.Accepted > RenewClaimAfter)
            await redis.Database.KeyExpireAsync(RedisKeys.Ledger(sender, name), _options.OutcomeLifetime).ConfigureAwait(false);
        // The first try's wish, even if it died before it was stored; and whoever listens is told.
        if (entry.AsksReceipts || (flags == MemberFlags.None && await redis.AskAsync(RedisKeys.Told(sender), () => redis.Database.KeyExistsAsync(RedisKeys.Told(sender))).ConfigureAwait(false)))
            flags = MemberFlags.Tell;
        return await mailboxes.EnqueueAsync(message, sender, recipient, name, entry.Accepted, flags).ConfigureAwait(false);
    }

    private AcceptedTry Try(NewMessage message, MemberFlags flags)
    {
        AccountName sender = names.Account(message.Sender), recipient = names.Account(message.Recipient);
        byte[] name = names.Message(sender, message.MessageId);
        DateTimeOffset accepted = AcceptTime();
        return new AcceptedTry(message, sender, recipient, name, accepted, flags, Claim(message, recipient, name, accepted));
    }

    /// <summary>Now, as Redis will hold it.</summary>
    private DateTimeOffset AcceptTime() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    private byte[] Claim(NewMessage message, AccountName recipient, byte[] name, DateTimeOffset accepted) => LedgerEntry.Create(
        ring, recipient, message.Text.Span, accepted, message.MessageId, message.Receipts is { } asked ? receiptRequests.Seal(asked, message.Recipient, name) : []);

    private async Task<MessageStatus?> FindInRedisAsync(AccountAddress sender, Guid messageId)
    {
        AccountName senderName = names.Account(sender);
        byte[] name = names.Message(senderName, messageId);
        RedisValue ledger = await redis.AskAsync(RedisKeys.Ledger(senderName, name), () => redis.Database.StringGetAsync(RedisKeys.Ledger(senderName, name))).ConfigureAwait(false);
        if (ledger.IsNull || !LedgerEntry.TryParse(((ReadOnlyMemory<byte>)ledger).Span, out LedgerEntry entry)) return null;
        return await StatusAsync(entry, name).ConfigureAwait(false);
    }

    private async Task<Acceptance?> FindRepeatedInRedisAsync(NewMessage message)
    {
        AccountName sender = names.Account(message.Sender);
        byte[] name = names.Message(sender, message.MessageId);
        RedisValue ledger = await redis.AskAsync(RedisKeys.Ledger(sender, name), () => redis.Database.StringGetAsync(RedisKeys.Ledger(sender, name))).ConfigureAwait(false);
        if (ledger.IsNull) return null;
        ReadOnlyMemory<byte> bytes = (ReadOnlyMemory<byte>)ledger;
        if (!LedgerEntry.TryParse(bytes.Span, out LedgerEntry entry) || !LedgerEntry.IsFor(bytes.Span, ring, names.Account(message.Recipient), message.Text.Span))
            return new Acceptance(AcceptOutcome.IdReused, null, null);
        return await StatusAsync(entry, name).ConfigureAwait(false) is { } status ? new Acceptance(AcceptOutcome.Repeated, status, null) : null;
    }

    private async Task<MessageStatus?> StatusAsync(LedgerEntry entry, byte[] name)
    {
        DateTimeOffset now = time.GetUtcNow();
        RedisValue value = await redis.Database.StringGetRangeAsync(
            RedisKeys.Record(entry.RecipientPartition, name), 0, MessageEnvelope.HeaderBytes - 1).ConfigureAwait(false);
        if (!value.IsNullOrEmpty) return MessageEnding.StatusOf(((ReadOnlyMemory<byte>)value).Span, now);
        DateTimeOffset expires = entry.Accepted + _options.Validity;
        return expires <= now ? new MessageStatus(MessageState.Expired, entry.Accepted, expires) : null;   // a claim alone is shown to nobody
    }

    private async Task<MailboxPage?> BindAsync(AccountAddress account, Binding binding, long after, bool forgetTries, ClientSession? client)
    {
        AccountName name = names.Account(account);
        FlowId flow = binding.Flow;
        RedisKey[] keys = [RedisKeys.Bindings(name), RedisKeys.Mailbox(name), RedisKeys.Tries(name), RedisKeys.Busy(name.Partition), RedisKeys.Accounts(name.Partition)];
        RedisValue[] args =
            [binding.Expires.ToUnixTimeMilliseconds(), flow.Epoch, Number(flow.Flow), BindingLine.Field(flow.EdgeId, nameof(binding)),
                BindingLine.Field(binding.Device, nameof(binding)), after, forgetTries ? 1 : 0, reader.PageSize, name.Handle, Milliseconds(MailboxWriter.LookAgainAfter)];
        if (client is not null)
        {
            keys = [.. keys, RedisKeys.Sessions(name)];
            args = [.. args, sessions.Registered(name, flow, client), SessionJournal.MostEvents, Milliseconds(SessionJournal.Lifetime)];
        }

        RedisResult result = await redis.EvaluateAsync(RedisScript.Register, keys, args).ConfigureAwait(false);
        RedisResult[] reply = (RedisResult[])result!;
        string outcome = reply[0].ToString();
        if (outcome == "1") return await reader.ReadAsync(account, name, reply, firstRow: 4).ConfigureAwait(false);
        metrics.RegistrationFenced();
        return outcome == "2" ? null : new MailboxPage(after, after, false, []);
    }

    private async Task<MailboxPage> PageAsync(AccountAddress account, FlowId flow, long after)
    {
        AccountName name = names.Account(account);
        RedisResult result = await redis.EvaluateAsync(
            RedisScript.Page,
            [RedisKeys.Bindings(name), RedisKeys.Mailbox(name), RedisKeys.Tries(name)],
            [flow.Epoch, Number(flow.Flow), flow.EdgeId, after, reader.PageSize]).ConfigureAwait(false);
        RedisResult[] reply = (RedisResult[])result!;
        return reply[0].ToString() == "1"
            ? await reader.ReadAsync(account, name, reply, firstRow: 4).ConfigureAwait(false)
            : new MailboxPage(after, after, false, []);
    }

    private static RedisValue Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    private static RedisValue Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
