using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Core.Store.Presence;

/// <summary>Hints between cores over one Redis channel: the handles (16 bytes) of accounts whose streams are to look.</summary>
/// <remarks>
/// Whatever piled up while the last PUBLISH was under way goes out as one. A full queue, a lost connection or a forbidden channel drops hints:
/// nothing but time depends on them.
/// </remarks>
internal sealed class Wakeups : IWakeups, IAsyncDisposable
{
    private const int MostQueued = 16_384;
    private const int MostAtOnce = 512;

    private readonly RedisConnection _redis;
    private readonly StoreNames _names;
    private readonly ILogger<Wakeups> _logger;
    private readonly ConcurrentDictionary<UInt128, Subscription[]> _subscriptions = new();
    private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MostQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly byte[] _self = Guid.NewGuid().ToByteArray();
    private Task _publishing = Task.CompletedTask;

    public Wakeups(RedisConnection redis, StoreNames names, ILogger<Wakeups> logger) => (_redis, _names, _logger) = (redis, names, logger);

    /// <summary>Begins to listen and to publish, once Redis is connected.</summary>
    public async Task StartAsync()
    {
        _publishing = PublishAsync();
        try
        {
            await _redis.Subscriber.SubscribeAsync(RedisKeys.Wake, (_, message) => Heard((byte[])message!)).ConfigureAwait(false);
        }
        catch (Exception fault) when (RedisConnection.IsUnavailable(fault))
        {
            StoreLog.HintsOff(_logger, fault.GetType().Name);
        }
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(AccountAddress account, Action wake)
    {
        ArgumentNullException.ThrowIfNull(wake);
        Subscription subscription = new(this, Key(_names.Account(account).Handle), wake);
        _subscriptions.AddOrUpdate(subscription.Account, static (_, s) => [s], static (_, all, s) => [.. all, s], subscription);
        return subscription;
    }

    /// <inheritdoc/>
    public void Wake(AccountAddress account) => Wake(_names.Account(account));

    /// <inheritdoc cref="Wake(AccountAddress)"/>
    public void Wake(AccountName account)
    {
        Call(account.Handle);
        _queue.Writer.TryWrite(account.Handle);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _publishing.ConfigureAwait(false);
    }

    private void Heard(ReadOnlySpan<byte> message)
    {
        if (message.Length < _self.Length || message[.._self.Length].SequenceEqual(_self)) return;
        for (ReadOnlySpan<byte> rest = message[_self.Length..]; rest.Length >= StoreNames.NameBytes; rest = rest[StoreNames.NameBytes..])
            Call(rest[..StoreNames.NameBytes]);
    }

    private void Call(ReadOnlySpan<byte> handle)
    {
        if (!_subscriptions.TryGetValue(Key(handle), out Subscription[]? all)) return;
        foreach (Subscription subscription in all) subscription.Wake();
    }

    private async Task PublishAsync()
    {
        using MemoryStream batch = new();
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.SetLength(0);
            batch.Write(_self);
            for (int i = 0; i < MostAtOnce && _queue.Reader.TryRead(out byte[]? handle); i++) batch.Write(handle);
            try
            {
                await _redis.Subscriber.PublishAsync(RedisKeys.Wake, batch.ToArray()).ConfigureAwait(false);
            }
            catch (Exception fault) when (RedisConnection.IsUnavailable(fault) || fault is StoreUnavailableException)
            {
                StoreLog.HintLost(_logger, fault);
            }
        }
    }

    private static UInt128 Key(ReadOnlySpan<byte> handle) => BinaryPrimitives.ReadUInt128BigEndian(handle);

    private sealed class Subscription(Wakeups owner, UInt128 account, Action wake) : IDisposable
    {
        public UInt128 Account => account;

        public Action Wake => wake;

        public void Dispose()
        {
            while (owner._subscriptions.TryGetValue(account, out Subscription[]? all))
            {
                Subscription[] rest = [.. all.Where(s => s != this)];
                if (rest.Length == all.Length) return;
                bool done = rest.Length == 0
                    ? owner._subscriptions.TryRemove(new KeyValuePair<UInt128, Subscription[]>(account, all))
                    : owner._subscriptions.TryUpdate(account, rest, all);
                if (done) return;
            }
        }
    }
}
