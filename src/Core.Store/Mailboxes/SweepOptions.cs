namespace Core.Store.Mailboxes;

/// <summary>The sweeper's times. Not configuration: the promise of 45 s is made of them; tests shorten them.</summary>
internal sealed record SweepOptions
{
    /// <summary>Between two looks at what is due.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a dead core's share lies still.</summary>
    public TimeSpan LeaseLifetime { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Between two renewals, and between two looks for free leases: one renewal may fail before a lease ends.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(2);
}
