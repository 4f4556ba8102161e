using System.Globalization;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Presence;
using Core.Store.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Puts a sealed message into its recipient's mailbox: the second step of an acceptance, and the only one of a receipt.</summary>
internal sealed class MailboxWriter(RedisConnection redis, MessageEnvelope envelopes, KnownAccounts accounts, TimeProvider time, IOptions<CoreStoreOptions> options)
{
    /// <summary>RFC 3261's Timer F is 32 s: by then a push has been answered or has failed, or was lost with a core.</summary>
    public static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(33);

    /// <summary>The safety net under the exact check: a record's TTL is so much longer than its validity.</summary>
    public static readonly TimeSpan RecordGrace = TimeSpan.FromHours(1);

    private readonly CoreStoreOptions _options = options.Value;
    private readonly RedisValue _claimLifetime = (long)options.Value.OutcomeLifetime.TotalMilliseconds;
    private EnqueueSettings? _settings;

    /// <summary>Seals and stores, unless it is there already. The id has been claimed, or is made by us.</summary>
    /// <param name="message">What to store.</param>
    /// <param name="sender">Its sender's name.</param>
    /// <param name="recipient">Its recipient's name.</param>
    /// <param name="name">Its own name.</param>
    /// <param name="accepted">When it was first accepted.</param>
    /// <param name="flags">Whether its sender is to be told; whether it is a receipt.</param>
    /// <param name="mostQueued">Most of its kind in the mailbox.</param>
    /// <param name="mostOfSender">Most of them from one sender, at most <paramref name="mostQueued"/>.</param>
    public async Task<Acceptance> EnqueueAsync(
        NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted, MemberFlags flags, int mostQueued, int mostOfSender)
    {
        byte[] reply = await SendAsync(message, sender, recipient, name, accepted, flags, mostQueued, mostOfSender, claim: null).ConfigureAwait(false);
        return Answer(reply, message, accepted);
    }

    /// <summary>The same, and claims the id in the same step; not on a cluster.</summary>
    /// <param name="claim">The ledger entry.</param>
    /// <returns>Null, and the ledger entry of before, if the id was claimed before; null and no entry, with nothing done, if its sender is to be told and the flags do not say so.</returns>
    /// <inheritdoc cref="EnqueueAsync"/>
    public async Task<(Acceptance? Acceptance, ReadOnlyMemory<byte> Claimed)> ClaimAndEnqueueAsync(
        NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted, MemberFlags flags, int mostQueued, int mostOfSender, byte[] claim)
    {
        byte[] reply = await SendAsync(message, sender, recipient, name, accepted, flags, mostQueued, mostOfSender, claim).ConfigureAwait(false);
        return reply[0] switch
        {
            (byte)'5' => (null, reply.AsMemory(1)),
            (byte)'6' => (null, default),
            _ => (Answer(reply, message, accepted), default),
        };
    }

    private async Task<byte[]> SendAsync(
        NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted, MemberFlags flags, int mostQueued, int mostOfSender, byte[]? claim)
    {
        DateTimeOffset expires = accepted + _options.Validity;
        byte[] record = envelopes.Seal(message, sender, recipient, accepted, expires, flags);
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan lifetime = expires - now + RecordGrace;
        RedisKey[] keys = [RedisKeys.Record(recipient.Partition, name), RedisKeys.Mailbox(recipient), RedisKeys.Sequence(recipient.Partition),
            RedisKeys.Busy(recipient.Partition), RedisKeys.Bindings(recipient), RedisKeys.Accounts(recipient.Partition)];
        RedisValue[] args = [now.ToUnixTimeMilliseconds(), Settings(mostQueued, mostOfSender), record, Math.Max(1, (long)lifetime.TotalMilliseconds)];
        if (claim is not null)
        {
            keys = [.. keys, RedisKeys.Ledger(sender, name), RedisKeys.Told(sender)];
            args = [.. args, claim, _claimLifetime];
        }

        return (byte[])(await redis.EvaluateAsync(RedisScript.Enqueue, keys, args).ConfigureAwait(false))!;
    }

    /// <summary>Of the last message, which nearly always had the same.</summary>
    private byte[] Settings(int mostQueued, int mostOfSender)
    {
        EnqueueSettings? last = _settings;
        if (last is null || last.MostQueued != mostQueued || last.MostOfSender != mostOfSender) _settings = last = new EnqueueSettings(mostQueued, mostOfSender);
        return last.Text;
    }

    private Acceptance Answer(byte[] reply, NewMessage message, DateTimeOffset accepted)
    {
        DateTimeOffset now = time.GetUtcNow(), expires = accepted + _options.Validity;
        switch ((char)reply[0])
        {
            case '0':
                return MessageEnding.StatusOf(reply.AsSpan(1), now) is { } known
                    ? new Acceptance(AcceptOutcome.Repeated, known, null)
                    : throw new StoreUnavailableException("A value under a record's key is not a record.");
            case '1':
                (long sequence, long tail, FlowId? flow) = Stored(reply.AsSpan(1));   // and not past its time by now: an old claim, a core or Redis that stood still
                QueuedMessage queued = new(
                    new MessageKey(message.Sender, message.MessageId, message.Recipient), sequence, tail, 1, accepted, expires, message.Text);
                return new Acceptance(
                    AcceptOutcome.Accepted, new MessageStatus(MessageState.Enqueued, accepted, expires), flow is null || expires <= now ? null : new DirectedMessage(flow.Value, queued));
            case '2':
                return new Acceptance(AcceptOutcome.Repeated, new MessageStatus(MessageState.Expired, accepted, expires), null);
            case '3':
                accounts.Forget(message.Recipient);
                return new Acceptance(AcceptOutcome.UnknownRecipient, null, null);
            case '4':
                return new Acceptance(AcceptOutcome.QueueFull, null, null);
            default:
                throw new StoreUnavailableException("enqueue.lua gave an answer that this program does not know.");
        }
    }

    /// <summary>Reads sequence, SPACE, tail before, SPACE, the active binding's line.</summary>
    private static (long Sequence, long Tail, FlowId? Flow) Stored(ReadOnlySpan<byte> reply)
    {
        int first = reply.IndexOf((byte)' '), second = first + 1 + reply[(first + 1)..].IndexOf((byte)' ');
        return (long.Parse(reply[..first], CultureInfo.InvariantCulture), long.Parse(reply[(first + 1)..second], CultureInfo.InvariantCulture),
            BindingLine.Flow(Encoding.UTF8.GetString(reply[(second + 1)..])));
    }

    /// <summary>What <c>moment.lua</c> reads, as text.</summary>
    private sealed record EnqueueSettings(int MostQueued, int MostOfSender)
    {
        public byte[] Text { get; } = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{MostQueued} {MostOfSender} {(long)LookAgainAfter.TotalMilliseconds}"));
    }
}
