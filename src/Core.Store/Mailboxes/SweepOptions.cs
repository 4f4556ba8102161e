namespace Core.Store.Mailboxes;

/// <summary>The sweeper's times. Not configuration: the promise of 44 s is made of them; tests shorten them.</summary>
internal sealed record SweepOptions
{
    /// <summary>Between two looks at what is due.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a dead core's share lies still.</summary>
    public TimeSpan LeaseLifetime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two renewals: two may fail before a lease ends.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(3);
}
