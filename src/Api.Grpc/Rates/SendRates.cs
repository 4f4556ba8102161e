using Api.Grpc.Translation;
using Core.Store.Accounts;
using Core.Store.Limits;

namespace Api.Grpc.Rates;

/// <summary>How fast an account may send: in all, to one recipient, and to accounts that do not exist. Decided before anything is looked up or stored.</summary>
/// <remarks>Kept by each core for itself. A sender belongs to one shard and is judged under its lock, so a refused message uses up no token of any kind.</remarks>
internal sealed class SendRates
{
    private const int Shards = 64;

    /// <summary>Senders, and pairs of sender and recipient: in all shards together, about 100 bytes each.</summary>
    private const int MostKeys = 200_000;

    private const string Sending = "Too many messages";
    private const string Guessing = "Too many messages to accounts that do not exist";

    private readonly TimeProvider _time;
    private readonly ILimits _limits;
    private readonly Shard[] _shards;

    public SendRates(TimeProvider time, ILimits limits)
    {
        (_time, _limits) = (time, limits);
        _shards = [.. Enumerable.Range(0, Shards).Select(_ => new Shard(time, MostKeys / Shards))];
    }

    /// <summary>Uses up a token of the sender and one of the pair, or none.</summary>
    /// <returns>Null if the message may go on; else the refusal, with how long until all tokens are there.</returns>
    public Refused? Take(AccountAddress sender, AccountAddress recipient)
    {
        LimitSet limits = _limits.Current;
        (Rate all, Rate toOne) = (Of(limits.Sender), Of(limits.Pair));
        long now = _time.GetTimestamp();
        Shard shard = ShardOf(sender);
        lock (shard)
        {
            TimeSpan sent = shard.Senders.Wait(sender, all, now);
            TimeSpan sentToOne = shard.Pairs.Wait((sender, recipient), toOne, now);
            TimeSpan guessed = shard.Unknown.Wait(sender, UnknownRate(limits), now);
            if (guessed > sent && guessed > sentToOne) return TooFast(Guessing, guessed);
            if (sentToOne > sent) return TooFast("Too many messages to this recipient", sentToOne);
            if (sent > TimeSpan.Zero) return TooFast(Sending, sent);
            shard.Senders.Take(sender, all, now);
            shard.Pairs.Take((sender, recipient), toOne, now);
            return null;
        }
    }

    /// <summary>Whether a refused message may be looked up, for it may be a repeat of an accepted one: as often as the sender may send, so that a flood costs the store no more.</summary>
    public bool TryTakeLookup(AccountAddress sender)
    {
        Rate rate = Of(_limits.Current.Sender);
        long now = _time.GetTimestamp();
        Shard shard = ShardOf(sender);
        lock (shard)
        {
            if (shard.Lookups.Wait(sender, rate, now) > TimeSpan.Zero) return false;
            shard.Lookups.Take(sender, rate, now);
            return true;
        }
    }

    /// <summary>Whether every message of the sender would be refused now, whatever stands in it: it need not be read then. Uses up nothing.</summary>
    /// <returns>Null if it has to be read: it may go on, or be a repeat that is to be looked up.</returns>
    public Refused? Flooding(AccountAddress sender)
    {
        LimitSet limits = _limits.Current;
        Rate all = Of(limits.Sender);
        long now = _time.GetTimestamp();
        Shard shard = ShardOf(sender);
        lock (shard)
        {
            if (shard.Lookups.Wait(sender, all, now) == TimeSpan.Zero) return null;
            TimeSpan sent = shard.Senders.Wait(sender, all, now);
            TimeSpan guessed = shard.Unknown.Wait(sender, UnknownRate(limits), now);
            if (guessed > sent) return TooFast(Guessing, guessed);
            return sent > TimeSpan.Zero ? TooFast(Sending, sent) : null;
        }
    }

    /// <summary>The recipient did not exist. Counted afterwards: messages under way at once may overdraw, and that has to come back too.</summary>
    public void WasUnknown(AccountAddress sender)
    {
        Rate rate = UnknownRate(_limits.Current);
        long now = _time.GetTimestamp();
        Shard shard = ShardOf(sender);
        lock (shard) shard.Unknown.Take(sender, rate, now);
    }

    private Shard ShardOf(AccountAddress sender) => _shards[(uint)sender.GetHashCode() % Shards];

    private static Rate Of(RateLimit limit) => new(limit.Burst, limit.PerSecond);

    private static Rate UnknownRate(LimitSet limits) => new(limits.UnknownRecipientsPerMinute, limits.UnknownRecipientsPerMinute / 60.0);

    private static Refused TooFast(string what, TimeSpan wait) => new(Reason.RateExceeded, $"{what}: wait, then repeat the same request.", RetryAfter: wait);

    private sealed class Shard(TimeProvider time, int mostKeys)
    {
        public RateTable<AccountAddress> Senders { get; } = new(time, mostKeys);

        public RateTable<(AccountAddress Sender, AccountAddress Recipient)> Pairs { get; } = new(time, mostKeys);

        public RateTable<AccountAddress> Unknown { get; } = new(time, mostKeys);

        public RateTable<AccountAddress> Lookups { get; } = new(time, mostKeys);
    }
}
