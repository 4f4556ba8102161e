using System.Threading.Channels;
using Edge.Link.V1;
using Grpc.Core;

namespace Api.Grpc.EdgeLink;

/// <summary>The way down to one edge: a queue that is drained into one batch per write, whatever piled up while the last write was under way.</summary>
/// <remarks>
/// Answers are bounded by the events under way: an event counts as under way until its answer is written, and then the reader goes on.
/// Pushes are bounded by the queue, in number and bytes: one too many is dropped, for the sweep to find again.
/// </remarks>
internal sealed class EdgeStream : IDisposable
{
    /// <summary>A batch that has so many bytes is written: with one more page (40 KiB) it stays under the 64 KiB of a link message.</summary>
    private const int BatchBytes = 20 * 1_024;

    private const int BatchEvents = 64;

    private readonly TimeProvider _time;
    private readonly int _mostUnderWay;
    private readonly int _mostQueued;
    private readonly int _mostQueuedBytes;
    private readonly Channel<Item> _queue = Channel.CreateUnbounded<Item>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _underWay;
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _queued;
    private int _queuedBytes;   // of pushes
    private long _lastWrite;
    private long _writeBegan;   // 0: no write is under way
    private long _lastRead;
    private volatile bool _draining;
    private string? _why;

    public EdgeStream(string edgeId, long epoch, int mostUnderWay, int mostQueued, int mostQueuedBytes, TimeProvider time)
    {
        (EdgeId, Epoch, _mostUnderWay, _mostQueued, _mostQueuedBytes, _time) = (edgeId, epoch, mostUnderWay, mostQueued, mostQueuedBytes, time);
        _underWay = new SemaphoreSlim(mostUnderWay, mostUnderWay);
        _lastRead = _lastWrite = time.GetTimestamp();
        Ended = _end.Token;
    }

    public string EdgeId { get; }

    public long Epoch { get; }

    /// <summary>Cancelled when the stream is to end, for whatever reason.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Why it ended: the first reason given.</summary>
    public string Why => _why ?? "closed by the edge";

    /// <summary>Ends when nothing of it runs any more.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Since the edge last said something.</summary>
    public TimeSpan SinceRead => _time.GetElapsedTime(Volatile.Read(ref _lastRead));

    /// <summary>Since something was last written to the edge.</summary>
    public TimeSpan SinceWrite => _time.GetElapsedTime(Volatile.Read(ref _lastWrite));

    /// <summary>How long the write under way has taken: an edge that reads nothing stops it; zero without one.</summary>
    public TimeSpan Writing => Volatile.Read(ref _writeBegan) is not 0 and var began ? _time.GetElapsedTime(began) : TimeSpan.Zero;

    /// <summary>The edge said something.</summary>
    public void Heard() => Volatile.Write(ref _lastRead, _time.GetTimestamp());

    /// <summary>Takes a place for an event; waits while too many are under way.</summary>
    /// <returns>False if no event is to begin any more; there is no place to give back then.</returns>
    public async Task<bool> TryBeginAsync()
    {
        await _underWay.WaitAsync(Ended).ConfigureAwait(false);
        if (!_draining) return true;
        _underWay.Release();
        return false;
    }

    /// <summary>Gives an event's place back when it has no answer.</summary>
    public void EndWithoutAnswer() => _underWay.Release();

    /// <summary>Queues the answer to an event; its place comes back when it is written.</summary>
    public void Answer(CoreEvent answer) => Enqueue(new Item(answer, answer.CalculateSize(), IsAnswer: true));

    /// <summary>Queues something nobody asked for.</summary>
    /// <returns>False if the edge is so far behind that it was dropped.</returns>
    public bool TryPush(CoreEvent push)
    {
        int bytes = push.CalculateSize();
        if (Volatile.Read(ref _queued) >= _mostQueued) return false;
        if (Interlocked.Add(ref _queuedBytes, bytes) > _mostQueuedBytes)
        {
            Interlocked.Add(ref _queuedBytes, -bytes);
            return false;
        }

        Enqueue(new Item(push, bytes, IsAnswer: false));
        return true;
    }

    /// <summary>Begins no more events, waits until those under way are answered and the answers written, then ends the stream.</summary>
    /// <param name="most">So long at most.</param>
    /// <param name="why">Why it ends.</param>
    public async Task DrainAsync(TimeSpan most, string why)
    {
        _draining = true;
        using CancellationTokenSource limit = new(most, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Ended);
        try
        {
            for (int places = 0; places < _mostUnderWay; places++) await _underWay.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // what is not answered by now stays so: the edge repeats it at another core
        }

        End(why);
    }

    /// <summary>Its call is about to return: nothing of it runs any more.</summary>
    public void Complete() => _completion.TrySetResult();

    /// <summary>Ends the stream.</summary>
    public void End(string why)
    {
        Interlocked.CompareExchange(ref _why, why, null);
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it has ended on its own meanwhile
        }
    }

    /// <summary>Writes until the stream ends: at once when idle, and what piled up during a write with the next one.</summary>
    public async Task WriteAsync(IAsyncStreamWriter<ConnectResponse> writer)
    {
        ConnectResponse batch = new();
        while (await _queue.Reader.WaitToReadAsync(Ended).ConfigureAwait(false))
        {
            int bytes = 0;
            int pushedBytes = 0;
            int answers = 0;
            while (batch.Events.Count < BatchEvents && bytes < BatchBytes && _queue.Reader.TryRead(out Item item))
            {
                batch.Events.Add(item.Event);
                bytes += item.Bytes;
                if (item.IsAnswer) answers++;
                else pushedBytes += item.Bytes;
            }

            Interlocked.Add(ref _queued, -batch.Events.Count);
            Interlocked.Add(ref _queuedBytes, -pushedBytes);
            batch.CoreTimeMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
            Volatile.Write(ref _writeBegan, _time.GetTimestamp());
            await writer.WriteAsync(batch, Ended).ConfigureAwait(false);
            Volatile.Write(ref _writeBegan, 0);
            Volatile.Write(ref _lastWrite, _time.GetTimestamp());
            batch.Events.Clear();
            if (answers > 0) _underWay.Release(answers);
        }
    }

    public void Dispose()
    {
        _end.Dispose();   // the semaphore stays for events that end late; it holds nothing to free
    }

    private void Enqueue(Item item)
    {
        Interlocked.Increment(ref _queued);
        _queue.Writer.TryWrite(item);
    }

    private readonly record struct Item(CoreEvent Event, int Bytes, bool IsAnswer);
}
