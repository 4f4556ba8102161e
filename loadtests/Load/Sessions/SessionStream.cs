using Load.Scenarios;

namespace Load.Sessions;

/// <summary>One stream of a scenario for another runner: each call sends one message, or one refresh, between users that the seed chooses.</summary>
internal sealed class SessionStream(LoadSession session, Scenario scenario, TrafficPlan plan)
{
    private static readonly TimeSpan AfterError = TimeSpan.FromMilliseconds(20);   // errors must not spin

    private readonly Random _random = new(scenario.Seed);
    private readonly Lock _gate = new();
    private int _next;

    public TrafficPlan Plan => plan;

    /// <summary>Whether its recipients are there to receive.</summary>
    public bool AwaitsDelivery => plan.Via != Way.Refresh && plan.To is not Audience.Offline and not Audience.Any;

    /// <summary>Sends the next message.</summary>
    public Task<SentMessage> SendAsync()
    {
        (int sender, int recipient) = Choose();
        return session.SendAsync(plan, sender, recipient);
    }

    /// <summary>Refreshes the next user.</summary>
    public Task<string?> RefreshAsync() => session.RefreshAsync((int)((uint)Interlocked.Increment(ref _next) % session.Online));

    /// <summary>The pause before the next, of the closed model; the open one sends when the next is due.</summary>
    public Task PauseAsync(bool failed)
    {
        TimeSpan pause = failed && plan.Think < AfterError ? AfterError : plan.Think;
        return plan.IsOpen || pause == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(pause);
    }

    private (int Sender, int Recipient) Choose()
    {
        int online = session.Online, all = scenario.Users.Count;
        lock (_gate)
        {
            int sender = _random.Next(online);
            int recipient = plan.To switch
            {
                Audience.Offline => _random.Next(online, all),
                Audience.Any => _random.Next(all),
                Audience.Hot => 0,
                Audience.Partner => Math.Min(sender ^ 1, online - 1),
                _ => _random.Next(online),
            };
            return (sender == recipient ? (sender + 1) % online : sender, recipient);
        }
    }
}
