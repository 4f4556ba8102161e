using System.Buffers.Binary;
using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Mailboxes;
using Core.Store.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Operators;

/// <summary>Writes down who wrote to whom and when, for operators: each message in its sender's journal and in its recipient's, gathered for 2 s so that it costs next to nothing.</summary>
/// <remarks>
/// A journal is that of a partition: a list of sealed chunks in Redis for each 6 hours; an account's entries are picked from it when somebody asks. States, tries and
/// times of the end are not in it: they stand in records and outcomes. A core that is killed leaves out its last 2 s, and nothing else hangs on the journal: docs/adr/0013.
/// </remarks>
internal sealed class MessageJournal(
    RedisConnection redis, StoreNames names, JournalCipher cipher, TimeProvider time, IOptions<CoreStoreOptions> options, StoreMetrics metrics, ILogger<MessageJournal> logger)
    : BackgroundService
{
    /// <summary>Hours of one list.</summary>
    public const int BucketHours = 6;

    /// <summary>Waiting to be written: about 10 MB. What comes on top while Redis is away is left out, and counted.</summary>
    private const int MostWaiting = 100_000;

    private const int AtOnce = 128;

    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(2);

    private readonly CoreStoreOptions _options = options.Value;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1);
    private List<NewMessage> _waiting = [];
    private List<DateTimeOffset> _times = [];

    /// <summary>The list that holds what is accepted at a time.</summary>
    public static long BucketOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / (BucketHours * 3_600);

    /// <summary>What a chunk is sealed for: its list.</summary>
    public static byte[] Place(int partition, long bucket)
    {
        byte[] place = new byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(place, (ushort)partition);
        BinaryPrimitives.WriteInt64BigEndian(place.AsSpan(2), bucket);
        return place;
    }

    /// <summary>Notes an accepted message.</summary>
    public void Add(NewMessage message, DateTimeOffset accepted)
    {
        if (_options.MessageLogLifetime == TimeSpan.Zero) return;
        lock (_gate)
        {
            if (_waiting.Count < MostWaiting)
            {
                _waiting.Add(message with { Text = default, Receipts = null });
                _times.Add(accepted);
                return;
            }
        }

        metrics.NotJournaled(1);
    }

    /// <summary>Writes what waits; what is being written has been when it returns.</summary>
    public async Task FlushAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            await WriteAsync().ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _writing.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await TryFlushAsync().ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        List<NewMessage> messages;
        List<DateTimeOffset> times;
        lock (_gate)
        {
            if (_waiting.Count == 0) return;
            (messages, _waiting) = (_waiting, []);
            (times, _times) = (_times, []);
        }

        Dictionary<(int Partition, long Bucket), MemoryStream> chunks = [];
        for (int i = 0; i < messages.Count; i++)
        {
            NewMessage message = messages[i];
            Write(chunks, message.Sender, new JournalEntry(true, times[i], message.MessageId, message.Sender.User, message.Recipient.User));
            Write(chunks, message.Recipient, new JournalEntry(false, times[i], message.MessageId, message.Recipient.User, message.Sender.User));
        }

        foreach (KeyValuePair<(int Partition, long Bucket), MemoryStream>[] some in chunks.Chunk(AtOnce))
        {
            await redis.WithinDeadlineAsync(Task.WhenAll(some.Select(one => AppendAsync(one.Key.Partition, one.Key.Bucket, one.Value)))).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Gather, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) await TryFlushAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task TryFlushAsync()
    {
        int waiting;
        lock (_gate) waiting = _waiting.Count;
        try
        {
            await FlushAsync().ConfigureAwait(false);
        }
        catch (StoreUnavailableException fault)
        {
            metrics.NotJournaled(waiting);   // at most: some chunks may have been written
            StoreLog.NotJournaled(logger, fault);
        }
    }

    private void Write(Dictionary<(int Partition, long Bucket), MemoryStream> chunks, AccountAddress account, JournalEntry entry)
    {
        (int, long) place = (names.Account(account).Partition, BucketOf(entry.Accepted));
        if (!chunks.TryGetValue(place, out MemoryStream? chunk)) chunks.Add(place, chunk = new MemoryStream(128));
        entry.Write(chunk);
    }

    private Task AppendAsync(int partition, long bucket, MemoryStream chunk)
    {
        RedisKey key = RedisKeys.Journal(partition, bucket);
        byte[] value = cipher.Seal(chunk.GetBuffer().AsSpan(0, (int)chunk.Length), Place(partition, bucket));
        return Task.WhenAll(redis.Database.ListRightPushAsync(key, value), redis.Database.KeyExpireAsync(key, _options.MessageLogLifetime));
    }
}
