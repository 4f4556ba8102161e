using System.Buffers.Binary;
using Core.Store.Diagnostics;
using Core.Store.Redis;
using Core.Store.Telling;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Mailboxes;

/// <summary>Ends messages: out of the mailbox, record overwritten by the outcome, in one script; then tells the senders who asked.</summary>
internal sealed class MessageEnding(RedisConnection redis, Teller teller, TimeProvider time, IOptions<CoreStoreOptions> options, StoreMetrics metrics)
{
    /// <summary>Redis takes a script's keys on its stack: a full mailbox is ended in pieces.</summary>
    private const int DropAtOnce = 128;

    private readonly RedisValue _outcomeLifetime = (long)options.Value.OutcomeLifetime.TotalMilliseconds;

    /// <summary>Ends one message.</summary>
    /// <param name="untold">Its times, if nobody is to be told of its end and it was handed out untried.</param>
    /// <returns>Its status after the call; null if the store does not know it.</returns>
    public async Task<MessageStatus?> EndAsync(AccountName recipient, AccountName sender, byte[] name, MessageState state, int sipStatus, int attempt, MessageTimes? untold)
    {
        DateTimeOffset now = time.GetUtcNow();
        RedisValue[] args = WhatEnds(sender, name, state, now, sipStatus, attempt, untold);
        RedisResult result = await redis.EvaluateAsync(RedisScript.End, [RedisKeys.Record(recipient.Partition, name), RedisKeys.Mailbox(recipient)], args).ConfigureAwait(false);
        byte[]? reply = (byte[]?)result;
        if (reply is null) return null;

        MessageStatus? status = StatusOf(reply.Length > 1 ? reply.AsSpan(1) : (byte[])args[0]!);
        if (status is not null && reply[0] == '1')
        {
            metrics.Ended(status.State);
            if (status.State == MessageState.Delivered) metrics.Delivered(now - status.AcceptTime);
            if (reply.Length > 1 + Outcome.Bytes) await teller.TellAsync(recipient.Partition, [reply[(1 + Outcome.Bytes)..]]).ConfigureAwait(false);
        }

        return status;
    }

    /// <summary>Whether <c>end.lua</c> is told all that it writes: a delivery always counts, and of this one, handed out untried, nobody is to be told.</summary>
    public static bool IsWhole(MessageState state, MessageTimes? untold) => state == MessageState.Delivered && untold is not null;

    /// <summary>What <c>end.lua</c> is told: the outcome; the sender or, where that is all that it needs, the member of the mailbox.</summary>
    public static RedisValue[] WhatEnds(AccountName sender, byte[] name, MessageState state, DateTimeOffset now, int sipStatus = 0, int attempt = 0, MessageTimes? untold = null)
    {
        byte[] outcome = new byte[Outcome.Bytes];
        Outcome.Write(outcome, state, untold ?? default, now, sipStatus, attempt);
        if (!IsWhole(state, untold)) return [outcome, EndedMessage.SenderBytes(sender)];
        Span<byte> head = stackalloc byte[MailboxMember.HeadBytes];
        MailboxMember.WriteHead(head, untold!.Value.Accepted, untold.Value.Expires, sender, MemberFlags.None);
        return [outcome, MailboxMember.Create(head, name)];
    }

    /// <summary>Ends many of one mailbox, from their members alone; what is past its time as EXPIRED.</summary>
    /// <returns>How many were still waiting.</returns>
    public async Task<int> DropAsync(AccountName recipient, IReadOnlyList<byte[]> members, MessageState state)
    {
        int ended = 0;
        foreach (byte[][] some in members.Chunk(DropAtOnce))
        {
            DateTimeOffset now = time.GetUtcNow();
            RedisKey[] keys = [RedisKeys.Mailbox(recipient), RedisKeys.Tries(recipient), RedisKeys.ToTell(recipient.Partition), RedisKeys.Busy(recipient.Partition),
                .. some.Select(m => RedisKeys.Record(recipient.Partition, MailboxMember.Name(m)))];
            RedisValue[] args = [(byte[])[Outcome.Digit(state)], now.ToUnixTimeMilliseconds(), Bytes(now), _outcomeLifetime, TellBy(now), .. some.Select(m => (RedisValue)m)];
            RedisResult[] reply = (RedisResult[])(await redis.EvaluateAsync(RedisScript.Drop, keys, args).ConfigureAwait(false))!;
            ended += (int)reply[0];
            if (reply.Length > 1) await teller.TellAsync(recipient.Partition, [.. reply.Skip(1).Select(entry => (byte[])entry!)]).ConfigureAwait(false);
        }

        if (ended > 0) metrics.Ended(state, ended);
        return ended;
    }

    /// <summary>Ends a record that does not open as INVALID_PAYLOAD, in the background: a page does not wait for it, the next one finds it again if that fails.</summary>
    public void Reject(AccountName recipient, byte[] member) => _ = IgnoreAsync(DropAsync(recipient, [member], MessageState.InvalidPayload));

    /// <summary>Removes a name without a record from its mailbox, in the background.</summary>
    public void RemoveName(AccountName recipient, byte[] member) =>
        _ = IgnoreAsync(redis.Database.SortedSetRemoveAsync(RedisKeys.Mailbox(recipient), member));

    /// <summary>The status that a record's header or an outcome tells, null for anything else; past its time it is expired, whether or not the sweeper has been there.</summary>
    public static MessageStatus? StatusOf(ReadOnlySpan<byte> value, DateTimeOffset now)
    {
        MessageStatus? status = StatusOf(value);
        return status is { State: MessageState.Enqueued } && status.ExpireTime <= now ? status with { State = MessageState.Expired } : status;
    }

    private static MessageStatus? StatusOf(ReadOnlySpan<byte> value)
    {
        if (Outcome.TryParse(value, out MessageStatus status)) return status;
        if (!Envelopes.MessageEnvelope.IsRecord(value)) return null;
        (DateTimeOffset accepted, DateTimeOffset expires) = Envelopes.MessageEnvelope.Times(value);
        return new MessageStatus(MessageState.Enqueued, accepted, expires);
    }

    /// <summary>When the sweeper looks whether the core that ended it has also told.</summary>
    private static RedisValue TellBy(DateTimeOffset now) => now.ToUnixTimeMilliseconds() + (long)Teller.LookAfter.TotalMilliseconds;

    private static byte[] Bytes(DateTimeOffset now)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, now.ToUnixTimeMilliseconds());
        return bytes;
    }

    private static async Task IgnoreAsync(Task work)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault))
        {
            // Found again by the next page or sweep.
        }
    }
}
