using System.Globalization;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Presence;
using Core.Store.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>The life of a message in Redis. Each step is one script; docs/adr/0001 counts the writes: six in three calls.</summary>
/// <remarks>Every method but <see cref="AcceptAsync"/> sends its first command before it first awaits: the order of calls is the order in Redis.</remarks>
internal sealed class RedisMessageStore(
    RedisConnection redis, KeyRing ring, StoreNames names, MessageEnvelope envelopes, MessageEnding ending, MailboxReader reader,
    KnownAccounts accounts, TimeProvider time, IOptions<CoreStoreOptions> options, StoreMetrics metrics) : IMessageStore
{
    /// <summary>RFC 3261's Timer F is 32 s: by then a push has been answered or has failed, or was lost with a core.</summary>
    public static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(33);

    /// <summary>The safety net under the exact check: a record's TTL is so much longer than its validity.</summary>
    private static readonly TimeSpan RecordGrace = TimeSpan.FromHours(1);

    /// <summary>A claim that old is renewed by a repeat, so that it never ends before its record.</summary>
    private static readonly TimeSpan RenewClaimAfter = TimeSpan.FromHours(12);

    private readonly CoreStoreOptions _options = options.Value;

    /// <inheritdoc/>
    public async Task<Acceptance> AcceptAsync(NewMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Acceptance acceptance = await redis.WithinDeadlineAsync(ClaimAndEnqueueAsync(message)).ConfigureAwait(false);
        metrics.Accept(acceptance.Outcome);
        return acceptance;
    }

    /// <inheritdoc/>
    public Task<MessageStatus?> FindAsync(AccountAddress sender, Guid messageId) => redis.WithinDeadlineAsync(FindInRedisAsync(sender, messageId));

    /// <inheritdoc/>
    public Task<MailboxPage> RegisterAsync(AccountAddress account, Binding binding, long after, bool forgetTries)
    {
        ArgumentNullException.ThrowIfNull(binding);
        return redis.WithinDeadlineAsync(BindAsync(account, binding, after, forgetTries));
    }

    /// <inheritdoc/>
    public Task UnregisterAsync(AccountAddress account, FlowId flow)
    {
        AccountName name = names.Account(account);
        return redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Unregister,
            [RedisKeys.Bindings(name), RedisKeys.Mailbox(name), RedisKeys.Tries(name), RedisKeys.Busy(name.Partition)],
            [Now(), flow.Epoch, Number(flow.Flow), BindingLine.Field(flow.EdgeId, nameof(flow)), name.Handle]));
    }

    /// <inheritdoc/>
    public Task<MailboxPage> ReadPageAsync(AccountAddress account, FlowId flow, long after) => redis.WithinDeadlineAsync(PageAsync(account, flow, after));

    /// <inheritdoc/>
    public Task<MessageStatus?> EndAsync(MessageKey message, MessageState state) =>
        redis.WithinDeadlineAsync(ending.EndAsync(names.Account(message.Recipient), names.Message(names.Account(message.Sender), message.MessageId), state));

    /// <inheritdoc/>
    public async Task FailAsync(MessageKey message, FlowId flow, int attempt)
    {
        AccountName recipient = names.Account(message.Recipient);
        byte[] name = names.Message(names.Account(message.Sender), message.MessageId);
        RedisResult counted = await redis.WithinDeadlineAsync(redis.EvaluateAsync(
            RedisScript.Fail,
            [RedisKeys.Record(recipient.Partition, name), RedisKeys.Mailbox(recipient), RedisKeys.Tries(recipient), RedisKeys.Busy(recipient.Partition), RedisKeys.Bindings(recipient)],
            [name, Now(), flow.Epoch, Number(flow.Flow), flow.EdgeId, attempt, _options.DeliveryTries, Milliseconds(_options.RetryInterval),
                recipient.Handle, Milliseconds(_options.Validity + RecordGrace)])).ConfigureAwait(false);
        if ((int)counted == 1) metrics.TryFailed();
    }

    private async Task<Acceptance> ClaimAndEnqueueAsync(NewMessage message)
    {
        AccountName sender = names.Account(message.Sender);
        AccountName recipient = names.Account(message.Recipient);
        byte[] name = names.Message(sender, message.MessageId);
        RedisKey ledger = RedisKeys.Ledger(sender, name);
        DateTimeOffset accepted = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());   // as Redis will hold it

        // A mistyped recipient must not use up the id; a repeat finds its claim even when the account is gone by now.
        bool claimed = await accounts.ExistsAsync(message.Recipient, recipient).ConfigureAwait(false)
            && await redis.Database.StringSetAsync(
                ledger, LedgerEntry.Create(ring, recipient, message.Text.Span, accepted), _options.OutcomeLifetime, When.NotExists).ConfigureAwait(false);
        if (!claimed)
        {
            RedisValue first = await redis.Database.StringGetAsync(ledger).ConfigureAwait(false);
            if (first.IsNull) return new Acceptance(AcceptOutcome.UnknownRecipient, null, null);
            ReadOnlyMemory<byte> bytes = (ReadOnlyMemory<byte>)first;
            if (!LedgerEntry.TryParse(bytes.Span, out LedgerEntry entry) || !LedgerEntry.IsFor(bytes.Span, ring, recipient, message.Text.Span))
                return new Acceptance(AcceptOutcome.IdReused, null, null);
            if (accepted - entry.Accepted > RenewClaimAfter)
                await redis.Database.KeyExpireAsync(ledger, _options.OutcomeLifetime).ConfigureAwait(false);
            accepted = entry.Accepted;
        }

        return await EnqueueAsync(message, sender, recipient, name, accepted).ConfigureAwait(false);
    }

    private async Task<Acceptance> EnqueueAsync(NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted)
    {
        DateTimeOffset expires = accepted + _options.Validity;
        byte[] record = envelopes.Seal(message, sender, recipient, accepted, expires);
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan lifetime = expires - now + RecordGrace;
        RedisResult result = await redis.EvaluateAsync(
            RedisScript.Enqueue,
            [RedisKeys.Record(recipient.Partition, name), RedisKeys.Mailbox(recipient), RedisKeys.Sequence(recipient.Partition),
                RedisKeys.Busy(recipient.Partition), RedisKeys.Bindings(recipient), RedisKeys.Accounts(recipient.Partition)],
            [now.ToUnixTimeMilliseconds(), expires.ToUnixTimeMilliseconds(), recipient.Handle, (byte[])[.. MessageEnvelope.MemberHead(record), .. name], record,
                Math.Max(1, (long)lifetime.TotalMilliseconds), _options.MaxQueuedPerRecipient, _options.MaxQueuedPerSender, Milliseconds(LookAgainAfter)]).ConfigureAwait(false);

        RedisResult[] reply = (RedisResult[])result!;
        switch (reply[0].ToString())
        {
            case "0":
                return Repeated((byte[])reply[1]!, now) is { } known
                    ? new Acceptance(AcceptOutcome.Repeated, known, null)
                    : throw new StoreUnavailableException("A value under a record's key is not a record.");
            case "1":
                FlowId? flow = BindingLine.Flow((string?)reply[3]);
                QueuedMessage queued = new(
                    new MessageKey(message.Sender, message.MessageId, message.Recipient), (long)reply[1], (long)reply[2], 1, accepted, expires, message.Text);
                return new Acceptance(
                    AcceptOutcome.Accepted, new MessageStatus(MessageState.Enqueued, accepted, expires), flow is null ? null : new DirectedMessage(flow.Value, queued));
            case "2":
                return new Acceptance(AcceptOutcome.Repeated, new MessageStatus(MessageState.Expired, accepted, expires), null);
            case "3":
                accounts.Forget(message.Recipient);
                return new Acceptance(AcceptOutcome.UnknownRecipient, null, null);
            case "4":
                return new Acceptance(AcceptOutcome.QueueFull, null, null);
            default:
                throw new StoreUnavailableException("enqueue.lua gave an answer that this program does not know.");
        }
    }

    private async Task<MessageStatus?> FindInRedisAsync(AccountAddress sender, Guid messageId)
    {
        AccountName senderName = names.Account(sender);
        byte[] name = names.Message(senderName, messageId);
        RedisValue ledger = await redis.Database.StringGetAsync(RedisKeys.Ledger(senderName, name)).ConfigureAwait(false);
        if (ledger.IsNull || !LedgerEntry.TryParse(((ReadOnlyMemory<byte>)ledger).Span, out LedgerEntry entry)) return null;

        DateTimeOffset now = time.GetUtcNow();
        RedisValue value = await redis.Database.StringGetRangeAsync(
            RedisKeys.Record(entry.RecipientPartition, name), 0, MessageEnvelope.HeaderBytes - 1).ConfigureAwait(false);
        if (!value.IsNullOrEmpty) return Repeated(((ReadOnlyMemory<byte>)value).Span, now);
        DateTimeOffset expires = entry.Accepted + _options.Validity;
        return expires <= now ? new MessageStatus(MessageState.Expired, entry.Accepted, expires) : null;   // a claim alone is shown to nobody
    }

    private async Task<MailboxPage> BindAsync(AccountAddress account, Binding binding, long after, bool forgetTries)
    {
        if (binding.Expires <= time.GetUtcNow()) return new MailboxPage(after, after, false, []);   // ran out on its way
        AccountName name = names.Account(account);
        FlowId flow = binding.Flow;
        RedisResult result = await redis.EvaluateAsync(
            RedisScript.Register,
            [RedisKeys.Bindings(name), RedisKeys.Mailbox(name), RedisKeys.Tries(name), RedisKeys.Busy(name.Partition), RedisKeys.Accounts(name.Partition)],
            [Now(), binding.Expires.ToUnixTimeMilliseconds(), flow.Epoch, Number(flow.Flow), BindingLine.Field(flow.EdgeId, nameof(binding)),
                BindingLine.Field(binding.Device, nameof(binding)), after, forgetTries ? 1 : 0, reader.PageSize, name.Handle, Milliseconds(LookAgainAfter)]).ConfigureAwait(false);
        RedisResult[] reply = (RedisResult[])result!;
        if (reply[0].ToString() == "1") return await reader.ReadAsync(account, name, after, reply, firstRow: 3).ConfigureAwait(false);
        metrics.RegistrationFenced();
        return new MailboxPage(after, after, false, []);
    }

    private async Task<MailboxPage> PageAsync(AccountAddress account, FlowId flow, long after)
    {
        AccountName name = names.Account(account);
        RedisResult result = await redis.EvaluateAsync(
            RedisScript.Page,
            [RedisKeys.Bindings(name), RedisKeys.Mailbox(name), RedisKeys.Tries(name)],
            [Now(), flow.Epoch, Number(flow.Flow), flow.EdgeId, after, reader.PageSize]).ConfigureAwait(false);
        RedisResult[] reply = (RedisResult[])result!;
        return reply[0].ToString() == "1"
            ? await reader.ReadAsync(account, name, after, reply, firstRow: 3).ConfigureAwait(false)
            : new MailboxPage(after, after, false, []);
    }

    /// <summary>What is known of a message; past its time it is expired, whether or not the sweeper has been there.</summary>
    private static MessageStatus? Repeated(ReadOnlySpan<byte> value, DateTimeOffset now)
    {
        MessageStatus? status = MessageEnding.StatusOf(value);
        return status is { State: MessageState.Enqueued } && status.ExpireTime <= now ? status with { State = MessageState.Expired } : status;
    }

    private RedisValue Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static RedisValue Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    private static RedisValue Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
