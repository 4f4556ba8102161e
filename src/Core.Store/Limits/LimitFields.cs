using Core.Store.Envelopes;

namespace Core.Store.Limits;

/// <summary>One number of the limits file.</summary>
/// <param name="Name">Its key, behind that of its section if it has one: <c>queue.perSender</c>.</param>
/// <param name="Least">Smallest value allowed.</param>
/// <param name="Most">Largest value allowed.</param>
/// <param name="Get">Reads it.</param>
/// <param name="With">A set with another value of it.</param>
internal sealed record LimitField(string Name, int Least, int Most, Func<LimitSet, int> Get, Func<LimitSet, int, LimitSet> With);

/// <summary>What may stand in the limits file: names, ranges and places, one line each.</summary>
internal static class LimitFields
{
    public static readonly IReadOnlyList<LimitField> All =
    [
        new("text.maxCharacters", 1, 4_096, l => l.Text.MaxCharacters, (l, v) => l with { Text = l.Text with { MaxCharacters = v } }),
        new("text.maxTextBytes", 1, MessageEnvelope.LargeText, l => l.Text.MaxTextBytes, (l, v) => l with { Text = l.Text with { MaxTextBytes = v } }),
        new("queue.perRecipient", 1, 10_000, l => l.Queue.PerRecipient, (l, v) => l with { Queue = l.Queue with { PerRecipient = v } }),
        new("queue.perSender", 1, 10_000, l => l.Queue.PerSender, (l, v) => l with { Queue = l.Queue with { PerSender = v } }),
        new("sender.burst", 1, 1_000_000, l => l.Sender.Burst, (l, v) => l with { Sender = l.Sender with { Burst = v } }),
        new("sender.perSecond", 1, 1_000_000, l => l.Sender.PerSecond, (l, v) => l with { Sender = l.Sender with { PerSecond = v } }),
        new("pair.burst", 1, 1_000_000, l => l.Pair.Burst, (l, v) => l with { Pair = l.Pair with { Burst = v } }),
        new("pair.perSecond", 1, 1_000_000, l => l.Pair.PerSecond, (l, v) => l with { Pair = l.Pair with { PerSecond = v } }),
        new("unknownRecipientsPerMinute", 1, 1_000_000, l => l.UnknownRecipientsPerMinute, (l, v) => l with { UnknownRecipientsPerMinute = v }),
        new("delivery.tries", 1, 100, l => l.Delivery.Tries, (l, v) => l with { Delivery = l.Delivery with { Tries = v } }),
        new("delivery.retrySeconds", 1, 86_400, l => l.Delivery.RetrySeconds, (l, v) => l with { Delivery = l.Delivery with { RetrySeconds = v } }),
        new("address.connections", 1, 1_000_000, l => l.Address.Connections, (l, v) => l with { Address = l.Address with { Connections = v } }),
        new("address.connectionsPerSecond", 1, 1_000_000, l => l.Address.ConnectionsPerSecond, (l, v) => l with { Address = l.Address with { ConnectionsPerSecond = v } }),
        new("address.failedAuthenticationsPerMinute", 1, 1_000_000, l => l.Address.FailedAuthenticationsPerMinute,
            (l, v) => l with { Address = l.Address with { FailedAuthenticationsPerMinute = v } }),
    ];

    /// <summary>What differs between two sets, for the log: <c>queue.perSender 100 -> 200</c>.</summary>
    public static string Difference(LimitSet before, LimitSet now) => string.Join(
        ", ", All.Where(field => field.Get(before) != field.Get(now)).Select(field => FormattableString.Invariant($"{field.Name} {field.Get(before)} -> {field.Get(now)}")));
}
