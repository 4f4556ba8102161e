using System.Globalization;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Mailboxes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>Stands before everything else at start: connects, and refuses a Redis that would lose accepted messages in silence.</summary>
internal sealed class RedisGuard(
    RedisConnection redis, KeyRing ring, Presence.Wakeups wakeups, Presence.Revocations revocations, TimeProvider time, IOptions<CoreStoreOptions> options, ILogger<RedisGuard> logger) : IHostedLifecycleService
{
    /// <summary>4: sequences of messages are microseconds, on one server one counter for all.</summary>
    private const string Format = "4";

    /// <summary>3: they were milliseconds, a counter a partition: what such a core numbers beside a new one would look like a repeat to edges.</summary>
    private const string FormatBefore = "3";

    private static readonly TimeSpan WaitForRedis = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(1);

    private readonly CoreStoreOptions _options = options.Value;

    /// <inheritdoc/>
    /// <exception cref="RedisRefusedException">Redis is not fit, or filled by another installation.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (Sealing.IsOff) StoreLog.SealingOff(logger);
        await ConnectAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RedisSettings> masters = await ReadSettingsAsync().ConfigureAwait(false);
        foreach (RedisSettings settings in masters) Judge(settings);
        await CheckFormatAsync().ConfigureAwait(false);
        await wakeups.StartAsync().ConfigureAwait(false);
        await revocations.StartAsync().ConfigureAwait(false);
        StoreLog.StoreReady(logger, StoreNames.Partitions, masters[0].AppendFsync ?? "unknown");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await redis.ConnectAsync().ConfigureAwait(false);
                return;
            }
            catch (Exception fault) when (RedisConnection.IsUnavailable(fault))
            {
                if (Refusal(fault) is { } refusal) throw new RedisRefusedException(refusal);   // waiting would not mend it
                if (TimeProvider.System.GetElapsedTime(began) > WaitForRedis)
                    throw new RedisRefusedException($"Redis does not answer at the address in CoreStore:Redis ({fault.GetType().Name}).");
                StoreLog.RedisAwaited(logger);
                await Task.Delay(BetweenTries, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What to do about a Redis that answers, but does not let this core in; null if that is not it.</summary>
    private static string? Refusal(Exception fault)
    {
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure }
                || cause.Message.Contains("WRONGPASS", StringComparison.Ordinal) || cause.Message.Contains("NOAUTH", StringComparison.Ordinal))
                return "Redis refuses the user or password in CoreStore:Redis (user=..., password=...).";
            if (RedisRights.Refusal(cause.Message) is { } refusal) return refusal;
        }

        return null;
    }

    /// <summary>Of every master: one of a cluster that loses messages is one too many.</summary>
    private async Task<IReadOnlyList<RedisSettings>> ReadSettingsAsync()
    {
        // CONFIG needs admin rights on a connection: this one lives for a moment only.
        ConfigurationOptions admin = RedisConnection.Configuration(_options);
        admin.AllowAdmin = true;
        try
        {
            await using ConnectionMultiplexer connection = await RedisConnection.OpenAsync(admin).ConfigureAwait(false);
            List<RedisSettings> masters = [];
            foreach (IServer server in RedisConnection.MastersOf(connection))
            {
                TimeSpan apart = await server.TimeAsync().ConfigureAwait(false) - time.GetUtcNow().UtcDateTime;
                if (apart.Duration() > ClockTolerance) StoreLog.ClocksDiffer(logger, Math.Round(apart.TotalSeconds, 1));
                string? user = await RedisRights.UserAsync(server).ConfigureAwait(false);
                if (user is not null && !string.IsNullOrEmpty(admin.User) && user != admin.User)
                    throw new RedisRefusedException($"Redis refuses the user or password in CoreStore:Redis and took the core for '{user}'. Mend it, and give '{user}' a password in Redis or turn it off.");
                IReadOnlyList<string> missing = user is null ? [] : await RedisRights.MissingAsync(server, user).ConfigureAwait(false);
                if (missing.Count > 0) throw new RedisRefusedException($"The user in CoreStore:Redis lacks rights in Redis: {string.Join(", ", missing)}. README has the whole list for ACL SETUSER.");
                masters.Add(await RedisSettings.ReadAsync(server).ConfigureAwait(false));
            }

            return masters.Count > 0 ? masters : throw new RedisRefusedException("Only replicas answer at the address in CoreStore:Redis: name the master, or Sentinel with its service.");
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault))
        {
            if (Refusal(fault) is { } refusal) throw new RedisRefusedException(refusal);
            throw new RedisRefusedException($"Redis went away while it was asked for its settings ({fault.GetType().Name}): start again.");
        }
    }

    private void Judge(RedisSettings settings)
    {
        IReadOnlyList<string> faults = settings.Faults();
        if (faults.Count > 0)
        {
            string all = string.Join("; ", faults);
            if (!_options.AllowVolatileRedis)
                throw new RedisRefusedException($"This Redis would lose accepted messages: {all}. For development only, CoreStore:AllowVolatileRedis=true accepts that.");
            StoreLog.RedisVolatile(logger, all);
        }

        if (settings.Unknown() is { Length: > 0 } unknown) StoreLog.RedisSettingsUnknown(logger, unknown);
        if (settings is { AppendOnly: "yes", AppendFsync: not ("always" or null) }) StoreLog.RedisNotSyncing(logger, settings.AppendFsync);
    }

    private async Task CheckFormatAsync()
    {
        string rest = string.Create(CultureInfo.InvariantCulture, $" {StoreNames.Partitions} {new StoreNames(ring).KeyCheck()}");
        string ours = Format + rest;
        try
        {
            await redis.Database.StringSetAsync(RedisKeys.Format, ours, when: When.NotExists).ConfigureAwait(false);
            string theirs = (await redis.Database.StringGetAsync(RedisKeys.Format).ConfigureAwait(false)).ToString();
            if (theirs == ours) return;
            if (theirs == FormatBefore + rest)
            {
                await redis.Database.StringSetAsync(RedisKeys.Format, ours).ConfigureAwait(false);   // nothing else has to be changed; a core from before is refused from now on
                return;
            }

            bool sameFormat = theirs.StartsWith(ours[..(ours.LastIndexOf(' ') + 1)], StringComparison.Ordinal);
            throw new RedisRefusedException(sameFormat
                ? $"This Redis was filled with another key ring than {_options.KeyRingFile}. Use the ring it was filled with, or an empty Redis."
                : $"This Redis holds format and partitions '{theirs[..Math.Min(theirs.Length, 12)]}', this program '{ours[..6]}'. Use an empty Redis.");
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault))
        {
            throw new RedisRefusedException(Refusal(fault) ?? $"Redis cannot be written to ({fault.Message}).");
        }
    }
}
