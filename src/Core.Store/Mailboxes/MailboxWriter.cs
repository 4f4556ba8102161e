using System.Globalization;
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

    /// <summary>Seals and stores, unless it is there already. The id has been claimed, or is made by us.</summary>
    /// <param name="message">What to store.</param>
    /// <param name="sender">Its sender's name.</param>
    /// <param name="recipient">Its recipient's name.</param>
    /// <param name="name">Its own name.</param>
    /// <param name="accepted">When it was first accepted.</param>
    /// <param name="flags">Whether its sender is to be told; whether it is a receipt.</param>
    public async Task<Acceptance> EnqueueAsync(NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted, MemberFlags flags)
    {
        byte[] reply = (byte[])(await Send(message, sender, recipient, name, accepted, flags, claim: null).ConfigureAwait(false))!;
        return Answer(reply, message, accepted, flags);
    }

    /// <summary>The same, and claims the id in the same step; not on a cluster.</summary>
    /// <returns>Null, and the ledger entry of before, if the id was claimed before; null and no entry, with nothing done, if its sender is to be told and the flags do not say so.</returns>
    /// <exception cref="StoreUnavailableException">No answer in time, or Redis refused.</exception>
    public async Task<(Acceptance? Acceptance, ReadOnlyMemory<byte> Claimed)> ClaimAndEnqueueAsync(AcceptedTry attempt)
    {
        byte[] reply = (byte[])(await redis.WithinTurnAsync(Send(
            attempt.Message, attempt.Sender, attempt.Recipient, attempt.Name, attempt.Accepted, attempt.Flags, attempt.Claim)).ConfigureAwait(false))!;
        return reply[0] switch
        {
            (byte)'5' => (null, reply.AsMemory(1)),
            (byte)'6' => (null, default),
            _ => (Answer(reply, attempt.Message, attempt.Accepted, attempt.Flags), default),
        };
    }

    private Task<RedisResult> Send(
        NewMessage message, AccountName sender, AccountName recipient, byte[] name, DateTimeOffset accepted, MemberFlags flags, byte[]? claim)
    {
        byte[] record = envelopes.Seal(message, sender, recipient, accepted, accepted + _options.Validity, flags);
        byte[] member = MailboxMember.Create(MessageEnvelope.MemberHead(record), name);
        RedisKey key = RedisKeys.Record(recipient.Partition, name), mailbox = RedisKeys.Mailbox(recipient), bindings = RedisKeys.Bindings(recipient);
        return claim is null
            ? redis.EvaluateAsync(RedisScript.Enqueue, [key, mailbox, bindings], [record, member])
            : redis.EvaluateAsync(RedisScript.Enqueue, [key, mailbox, bindings, RedisKeys.Ledger(sender, name), RedisKeys.Told(sender)], [record, member, claim]);
    }

    private Acceptance Answer(byte[] reply, NewMessage message, DateTimeOffset accepted, MemberFlags flags)
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
                    new MessageKey(message.Sender, message.MessageId, message.Recipient), sequence, tail, 1, accepted, expires, message.Text, EndsUntold: flags == MemberFlags.None);
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

    /// <summary>Reads sequence, SPACE, tail before (0 without a binding), SPACE, bindings from the active one on.</summary>
    private static (long Sequence, long Tail, FlowId? Flow) Stored(ReadOnlySpan<byte> reply)
    {
        int first = reply.IndexOf((byte)' '), second = first + 1 + reply[(first + 1)..].IndexOf((byte)' ');
        return (long.Parse(reply[..first], CultureInfo.InvariantCulture), long.Parse(reply[(first + 1)..second], CultureInfo.InvariantCulture),
            BindingLine.Flow(reply[(second + 1)..]));
    }
}
