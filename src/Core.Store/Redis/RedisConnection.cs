using System.Diagnostics;
using Core.Store.Diagnostics;
using Core.Store.Mailboxes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>The one connection to Redis, which comes back by itself; and the deadline on everything asked through it.</summary>
/// <remarks>
/// One multiplexer: commands sent one after the other without awaiting arrive in that order and share packets. While Redis is away
/// every call fails at once instead of piling up: the callers' peers repeat, and everything here may be repeated.
/// Open to be derived from, for one purpose: the model test cuts a core between two of its calls.
/// </remarks>
internal class RedisConnection(IOptions<CoreStoreOptions> options, TurnSettings settings, ILogger<RedisConnection> logger) : IStoreHealth, IAsyncDisposable
{
    private const long RefusalsEveryMs = 10_000;

    private static readonly TimeSpan ReadinessDeadline = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _deadline = options.Value.RedisDeadline;
    private RedisTurns? _turns;   // not on a cluster: a server that is silent would hold up the answers of the others
    private volatile ConnectionMultiplexer? _multiplexer;
    private long _refusalTold = -RefusalsEveryMs;

    /// <summary>Where commands are sent.</summary>
    /// <exception cref="StoreUnavailableException">Before the first connection.</exception>
    public virtual IDatabase Database => _multiplexer?.GetDatabase() ?? throw new StoreUnavailableException("Redis is not connected yet.");

    /// <summary>Where hints are published and heard.</summary>
    /// <exception cref="StoreUnavailableException">Before the first connection.</exception>
    public ISubscriber Subscriber => _multiplexer?.GetSubscriber() ?? throw new StoreUnavailableException("Redis is not connected yet.");

    /// <summary>The servers that hold keys.</summary>
    /// <exception cref="StoreUnavailableException">Before the first connection.</exception>
    public IEnumerable<IServer> Masters => MastersOf(_multiplexer ?? throw new StoreUnavailableException("Redis is not connected yet."));

    /// <summary>Whether keys of different partitions may lie on different servers: one script cannot have both.</summary>
    public bool IsCluster { get; private set; }

    /// <summary>From one turn's beginning to the next one's: a third less CPU at half load for about 3 ms more (docs/adr/0001).</summary>
    protected virtual TimeSpan PaceOfTurns { get; } = TimeSpan.FromMilliseconds(6);

    /// <summary>For how long the end of a message waits for others: hardly anybody waits for it.</summary>
    protected virtual TimeSpan PatienceOfEnds { get; } = TimeSpan.FromMilliseconds(4);

    /// <inheritdoc cref="Masters"/>
    public static IEnumerable<IServer> MastersOf(ConnectionMultiplexer multiplexer) => multiplexer.GetServers().Where(static server => server.IsConnected && !server.IsReplica);

    /// <summary>Connects.</summary>
    /// <exception cref="RedisRefusedException">Redis is there, but refuses what the driver asks to begin with. Its exception is silent about that; its log is not.</exception>
    public static async Task<ConnectionMultiplexer> OpenAsync(ConfigurationOptions settings)
    {
        StringWriter log = new();
        try
        {
            return await ConnectionMultiplexer.ConnectAsync(settings, log).ConfigureAwait(false);
        }
        catch (RedisConnectionException) when (RedisRights.Refusal(log.ToString()) is { } refusal)
        {
            throw new RedisRefusedException(refusal);
        }
    }

    /// <summary>Connects, once, and loads the scripts; later losses are mended in the background.</summary>
    /// <exception cref="RedisConnectionException">Nobody answers there.</exception>
    public async Task ConnectAsync()
    {
        if (_multiplexer is not null) return;
        ConnectionMultiplexer fresh = await OpenAsync(Configuration(options.Value)).ConfigureAwait(false);
        fresh.ConnectionFailed += (_, what) => StoreLog.RedisLost(logger, what.FailureType.ToString());
        fresh.ConnectionRestored += (_, _) =>
        {
            StoreLog.RedisBack(logger);
            _ = TryLoadScriptsAsync(fresh);
        };
        await LoadScriptsAsync(fresh).ConfigureAwait(false);
        IsCluster = fresh.GetServers().Any(static s => s.ServerType == ServerType.Cluster);
        if (!IsCluster) _turns = new RedisTurns(EvaluateNowAsync, settings.Now, _deadline, PaceOfTurns, PatienceOfEnds, Math.Max(1, Environment.ProcessorCount / 2));
        _multiplexer = fresh;
    }

    /// <summary>The settings of the connection string, with ours.</summary>
    public static ConfigurationOptions Configuration(CoreStoreOptions options)
    {
        ConfigurationOptions settings = ConfigurationOptions.Parse(options.Redis);
        settings.AbortOnConnectFail = true;          // of the first connect only
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        settings.Protocol = RedisProtocol.Resp2;     // the same shape of replies from Redis, Valkey and Garnet
        settings.AsyncTimeout = (int)options.RedisDeadline.TotalMilliseconds;
        settings.ReconnectRetryPolicy = new LinearRetry(500);
        if (options.RedisCaFile.Length > 0) settings.TrustIssuer(options.RedisCaFile);
        settings.ClientName ??= "edge-core";
        settings.TieBreaker = string.Empty;          // which server is the master, Redis itself says: no key of the driver's own
        settings.ConfigurationChannel = "core-store:driver";   // not empty: the connection for channels is then made before the first use
        settings.SetClientLibrary = false;
        return settings;
    }

    /// <summary>Runs a script, with others that are asked for at the same time.</summary>
    public Task<RedisResult> EvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] args) =>
        _turns?.EvaluateAsync(script, keys, args)
        ?? TogetherCall.EvaluateAloneAsync(EvaluateNowAsync, settings.Now(), RedisKeys.SequenceBeside(keys[0]), script, keys, args);

    /// <summary>Asks anything else in the same way: for what every message asks.</summary>
    /// <param name="key">What it is about.</param>
    /// <param name="ask">Sends it.</param>
    public Task<T> AskAsync<T>(RedisKey key, Func<Task<T>> ask) => _turns?.AskAsync(key, ask) ?? ask();

    /// <summary>Awaits what was asked of Redis, within the deadline.</summary>
    /// <param name="asked">The answer to come.</param>
    /// <param name="began">Timestamp (<see cref="Stopwatch.GetTimestamp"/>) from which the deadline counts; null: from now.</param>
    /// <exception cref="StoreUnavailableException">No answer in time, no connection, or Redis refused (memory full, loading, read-only).</exception>
    public Task<T> WithinDeadlineAsync<T>(Task<T> asked, long? began = null)
    {
        TimeSpan left = began is { } start ? _deadline - Stopwatch.GetElapsedTime(start) : _deadline;
        return ToAnswerAsync(asked.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero));
    }

    /// <summary>Awaits a script that is all that is asked: turns keep the deadline themselves, for many at once, which saves a timer for each.</summary>
    /// <inheritdoc cref="WithinDeadlineAsync{T}(Task{T}, long?)"/>
    public Task<T> WithinTurnAsync<T>(Task<T> asked) => _turns is null ? WithinDeadlineAsync(asked) : ToAnswerAsync(asked);

    /// <inheritdoc cref="WithinDeadlineAsync{T}(Task{T}, long?)"/>
    public Task WithinDeadlineAsync(Task asked) => WithinDeadlineAsync(ToResultAsync(asked));

    /// <summary>Whether an exception says that Redis could not be asked, as against a fault of ours.</summary>
    public static bool IsUnavailable(Exception fault) =>
        fault is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;

    /// <inheritdoc/>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            await Database.PingAsync().WaitAsync(ReadinessDeadline).ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (IsUnavailable(fault) || fault is StoreUnavailableException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _turns?.Dispose();
        if (_multiplexer is { } open) await open.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What comes, with <see cref="StoreUnavailableException"/> in the place of a fault for which <see cref="IsUnavailable"/>.</summary>
    private async Task<T> ToAnswerAsync<T>(Task<T> asked)
    {
        try
        {
            return await asked.ConfigureAwait(false);
        }
        catch (Exception fault) when (IsUnavailable(fault))
        {
            if (fault is RedisServerException) TellRefusal(fault);
            throw new StoreUnavailableException($"Redis: {fault.GetType().Name}.", fault);
        }
    }

    /// <summary>Redis answers, but not as it should (OOM, READONLY, MISCONF, NOPERM ...): once in 10 s, by the error's code alone.</summary>
    private void TellRefusal(Exception fault)
    {
        long now = Environment.TickCount64;
        long last = Interlocked.Read(ref _refusalTold);
        if (now - last < RefusalsEveryMs || Interlocked.CompareExchange(ref _refusalTold, now, last) != last) return;
        int end = fault.Message.IndexOf(' ', StringComparison.Ordinal);
        StoreLog.RedisRefuses(logger, end is > 0 and < 32 ? fault.Message[..end] : "an error");
    }

    /// <summary>Runs a script by its hash; a server that has lost it (restart, SCRIPT FLUSH) gets it again.</summary>
    private async Task<RedisResult> EvaluateNowAsync(RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        IDatabase database = Database;
        try
        {
            return await database.ScriptEvaluateAsync(script.Hash, keys, args).ConfigureAwait(false);
        }
        catch (RedisServerException fault) when (fault.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await database.ScriptEvaluateAsync(script.Text, keys, args).ConfigureAwait(false);
        }
    }

    private static async Task<bool> ToResultAsync(Task asked)
    {
        await asked.ConfigureAwait(false);
        return true;
    }

    private static async Task LoadScriptsAsync(ConnectionMultiplexer multiplexer)
    {
        foreach (IServer server in MastersOf(multiplexer))
        {
            await Task.WhenAll(RedisScript.All.Select(s => server.ScriptLoadAsync(s.Text))).ConfigureAwait(false);
        }
    }

    private async Task TryLoadScriptsAsync(ConnectionMultiplexer multiplexer)
    {
        try
        {
            await LoadScriptsAsync(multiplexer).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsUnavailable(fault))
        {
            StoreLog.ScriptsNotLoaded(logger, fault);   // each call recovers for itself
        }
    }
}
