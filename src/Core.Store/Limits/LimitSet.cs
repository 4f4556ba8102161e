using Core.Store.Content;

namespace Core.Store.Limits;

/// <summary>Every limit that an operator may change while the core runs, with its default: one place (spec S5, B2, N.quotas).</summary>
/// <remarks>Never changed in place: a new file makes a new set. <see cref="LimitFields"/> has the names in the file and the ranges.</remarks>
public sealed record LimitSet
{
    /// <summary>How long a text may be.</summary>
    public TextLimits Text { get; init; } = new();

    /// <summary>How much may wait.</summary>
    public QueueLimits Queue { get; init; } = new(PerRecipient: 500, PerSender: 100);

    /// <summary>How fast one account may send.</summary>
    public RateLimit Sender { get; init; } = new(Burst: 1_000, PerSecond: 10);

    /// <summary>How fast one account may send to one other.</summary>
    public RateLimit Pair { get; init; } = new(Burst: 500, PerSecond: 5);

    /// <summary>How many sends of one account to accounts that do not exist, in a minute: enough for mistyping, too few to find out who exists.</summary>
    public int UnknownRecipientsPerMinute { get; init; } = 30;

    /// <summary>How a message is tried again.</summary>
    public DeliveryLimits Delivery { get; init; } = new(Tries: 5, RetrySeconds: 30);

    /// <summary>What one client address may do.</summary>
    public AddressLimits Address { get; init; } = new(Connections: 20_000, ConnectionsPerSecond: 2_000, FailedAuthenticationsPerMinute: 60);
}

/// <summary>Exact, whatever number of cores.</summary>
/// <param name="PerRecipient">Most messages waiting for one recipient.</param>
/// <param name="PerSender">Most of them from one sender.</param>
public sealed record QueueLimits(int PerRecipient, int PerSender);

/// <summary>Kept by each core for itself.</summary>
/// <param name="Burst">So many at once after a rest.</param>
/// <param name="PerSecond">So many a second without one.</param>
public sealed record RateLimit(int Burst, int PerSecond);

/// <summary>While the recipient is online but fails (spec B2).</summary>
/// <param name="Tries">For each registration; then the message waits for the next one.</param>
/// <param name="RetrySeconds">Between two tries.</param>
public sealed record DeliveryLimits(int Tries, int RetrySeconds);

/// <summary>Kept by each edge and each core for itself; an IPv6 address stands for its /64.</summary>
/// <param name="Connections">Most open at once.</param>
/// <param name="ConnectionsPerSecond">Most opened in a second.</param>
/// <param name="FailedAuthenticationsPerMinute">More are refused for the rest of the minute.</param>
public sealed record AddressLimits(int Connections, int ConnectionsPerSecond, int FailedAuthenticationsPerMinute);
