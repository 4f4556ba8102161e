using Core.Store.Content;

namespace Api.Grpc.Translation;

/// <summary>A refusal on its way to the client, whatever way the request came in.</summary>
/// <param name="Reason">From the closed list.</param>
/// <param name="Message">What is wrong and what to do, in words; never text, addresses or credentials.</param>
/// <param name="Counts">The four lengths of a refused text that has them.</param>
/// <param name="RetryAfter">How long to wait, in whole seconds; only with reasons that pass.</param>
internal sealed record Refused(Reason Reason, string Message, TextCounts? Counts = null, TimeSpan? RetryAfter = null)
{
    /// <summary>How long a client should wait for a store that does not answer: a failover of Redis takes a few seconds.</summary>
    public static readonly TimeSpan StorePause = TimeSpan.FromSeconds(5);

    /// <summary>How long a sender should wait for a full queue: it empties when the recipient registers, nobody knows when.</summary>
    public static readonly TimeSpan QueuePause = TimeSpan.FromSeconds(60);

    /// <summary>The store does not answer; nothing is known of what it did, and repeating is safe.</summary>
    public static readonly Refused Store = new(
        Reason.StoreUnavailable, "The store does not answer; repeat the same request later.", RetryAfter: StorePause);

    /// <summary>No or wrong credentials: the same words for an unknown account and a wrong password.</summary>
    public static readonly Refused Credentials = new(
        Reason.BadCredentials, "Authenticate with the credentials that this listener asks for.");

    /// <summary>No such path here.</summary>
    public static readonly Refused Route = new(Reason.UnknownRoute, "There is no such path or method at this port.");

    /// <summary>Something the client did not cause.</summary>
    public static readonly Refused Fault = new(Reason.Internal, "The server met a fault; its log has it.");

    /// <summary>As whole seconds, at least one; 0 without.</summary>
    public int RetryAfterSeconds => RetryAfter is { } wait ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 0;
}
