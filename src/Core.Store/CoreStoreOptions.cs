namespace Core.Store;

/// <summary>Settings of the store, section <c>CoreStore</c>.</summary>
public sealed record CoreStoreOptions
{
    /// <summary>StackExchange.Redis connection string. Required.</summary>
    public string Redis { get; set; } = string.Empty;

    /// <summary>The authority (PEM) that signed the certificate of a Redis reached by <c>ssl=true</c>. Empty: one that this machine trusts.</summary>
    public string RedisCaFile { get; set; } = string.Empty;

    /// <summary>The key ring file; made with fresh keys at the first start if <see cref="CreateKeyRing"/>. Required.</summary>
    public string KeyRingFile { get; set; } = string.Empty;

    /// <summary>Makes the key ring file if it is missing. Off: a lost file stops the start instead of orphaning every account.</summary>
    public bool CreateKeyRing { get; set; }

    /// <summary>How often keys for texts and fingerprints are made anew; zero: by hand alone. Default 24 h.</summary>
    public TimeSpan RotateKeysEvery { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How often the key of accounts is made anew, and all accounts sealed with it; zero: by hand alone. Default 30 days.</summary>
    public TimeSpan RotateAccountKeyEvery { get; set; } = TimeSpan.FromDays(30);

    /// <summary>From when a key is made until it seals, in which every core loads it. The same on all cores. Default 2 minutes.</summary>
    public TimeSpan KeyActivationDelay { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>The domain served; also the digest realm. Changing it voids all verifiers. Required.</summary>
    public string Domain { get; set; } = string.Empty;

    /// <summary>Name of this core process, unique among cores: the holder of sweep leases.</summary>
    public string CoreId { get; set; } = string.Empty;

    /// <summary>Accepts a Redis without AOF or with an eviction policy: for development, where losing everything is fine.</summary>
    public bool AllowVolatileRedis { get; set; }

    /// <summary>A JSON file of limits, read again when it changes; see <see cref="Limits.LimitSet"/>. Empty: the defaults.</summary>
    public string LimitsFile { get; set; } = string.Empty;

    /// <summary>How long an undelivered message is kept. Default 72 h (spec S14).</summary>
    public TimeSpan Validity { get; set; } = TimeSpan.FromHours(72);

    /// <summary>How long outcomes and claims are kept. Default 7 days, at least 84 h (spec S17).</summary>
    public TimeSpan OutcomeLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>For how long operators can list who wrote to whom; zero: nothing is kept for it. Default 7 days, at most <see cref="OutcomeLifetime"/>.</summary>
    public TimeSpan MessageLogLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Most messages in a page read for a flow. Default 32: one link batch.</summary>
    public int PageSize { get; set; } = 32;

    /// <summary>How long Redis may take before the sender is told 503. Default 4 s, so that the answer leaves within 5 (promise P6).</summary>
    public TimeSpan RedisDeadline { get; set; } = TimeSpan.FromSeconds(4);
}
