using System.Threading.Channels;
using Api.Grpc.EdgeLink;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>The queue down to an edge: batches, order, and its two bounds (design, "Batching is what makes the hops cheap").</summary>
public sealed class EdgeStreamTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly EdgeStream _stream;
    private readonly Wire _wire = new();

    public EdgeStreamTests() => _stream = new EdgeStream("edge-1", 1, mostUnderWay: 4, mostQueued: 300, mostQueuedBytes: 1_000_000, _time);

    public void Dispose()
    {
        _stream.End("the test is over");
        _stream.Dispose();
    }

    [Fact]
    public async Task Write_PiledUp_FewBatchesOf64InOrder()
    {
        for (long i = 1; i <= 200; i++) Assert.True(_stream.TryPush(Push(i)));
        _ = _stream.WriteAsync(_wire);
        List<ConnectResponse> batches = await _wire.TakeAsync(events: 200);
        Assert.Equal([64, 64, 64, 8], batches.Select(b => b.Events.Count));
        Assert.Equal(Enumerable.Range(1, 200).Select(i => (long)i), batches.SelectMany(b => b.Events).Select(e => e.Delivery.Sequence));
        Assert.All(batches, b => Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds(), b.CoreTimeMs));
    }

    [Fact]
    public async Task Write_LargeEvents_BatchesUnder64KiB()
    {
        for (long i = 1; i <= 40; i++) _stream.TryPush(Push(i, new byte[4_096]));
        _ = _stream.WriteAsync(_wire);
        List<ConnectResponse> batches = await _wire.TakeAsync(events: 40);
        Assert.All(batches, b => Assert.InRange(b.CalculateSize(), 1, 25 * 1_024));
        Assert.Equal(8, batches.Count);   // with a page of 40 KiB behind it, a batch still fits a link message
    }

    [Fact]
    public async Task Write_Idle_SentAtOnceAndWhatPilesUpMeanwhileAsOne()
    {
        _ = _stream.WriteAsync(_wire);
        _wire.Hold();
        _stream.TryPush(Push(1));
        await _wire.WritingAsync();
        for (long i = 2; i <= 10; i++) _stream.TryPush(Push(i));
        _wire.Release();
        List<ConnectResponse> batches = await _wire.TakeAsync(events: 10);
        Assert.Equal([1, 9], batches.Select(b => b.Events.Count));
    }

    [Fact]
    public void TryPush_QueueFull_DroppedButAnswersAreTaken()
    {
        for (long i = 0; i < 300; i++) Assert.True(_stream.TryPush(Push(i)));
        Assert.False(_stream.TryPush(Push(300)));
        _stream.Answer(Push(301));
    }

    [Fact]
    public async Task TryPush_TooManyBytesQueued_DroppedUntilTheyAreWritten()
    {
        for (long i = 0; i < 9; i++) Assert.True(_stream.TryPush(Push(i, new byte[100_000])));
        Assert.False(_stream.TryPush(Push(9, new byte[100_000])));
        Assert.True(_stream.TryPush(Push(9)));   // a small one still fits
        _stream.Answer(Push(10, new byte[100_000]));   // answers are bounded by the events under way
        _ = _stream.WriteAsync(_wire);
        await _wire.TakeAsync(events: 11);
        for (long i = 0; i < 9; i++) Assert.True(_stream.TryPush(Push(i, new byte[100_000])));
    }

    [Fact]
    public async Task Writing_TheEdgeReadsNothing_SaysForHowLong()
    {
        Assert.Equal(TimeSpan.Zero, _stream.Writing);
        _wire.Hold();
        _stream.TryPush(Push(1));
        _ = _stream.WriteAsync(_wire);
        await _wire.WritingAsync();
        _time.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(TimeSpan.FromSeconds(16), _stream.Writing);
        _wire.Release();
        await Until.TrueAsync(() => _stream.Writing == TimeSpan.Zero, "written");
    }

    [Fact]
    public async Task Begin_TooManyUnderWay_WaitsUntilAnAnswerIsWritten()
    {
        for (int i = 0; i < 4; i++) Assert.True(await _stream.TryBeginAsync());
        Task<bool> fifth = _stream.TryBeginAsync();
        _stream.Answer(Push(1));
        Assert.False(fifth.IsCompleted);   // queued is not written
        _ = _stream.WriteAsync(_wire);
        await fifth.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Task<bool> sixth = _stream.TryBeginAsync();
        Assert.False(sixth.IsCompleted);
        _stream.EndWithoutAnswer();
        await sixth.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task End_WhileReaderWaits_ReaderIsReleased()
    {
        for (int i = 0; i < 4; i++) Assert.True(await _stream.TryBeginAsync());
        Task<bool> fifth = _stream.TryBeginAsync();
        _stream.End("first");
        _stream.End("second");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fifth);
        Assert.Equal("first", _stream.Why);
    }

    [Fact]
    public async Task Drain_EventsUnderWay_EndsWhenTheirAnswersAreWrittenAndBeginsNoMore()
    {
        for (int i = 0; i < 2; i++) Assert.True(await _stream.TryBeginAsync());
        _wire.Hold();
        Task writing = _stream.WriteAsync(_wire);
        Task draining = _stream.DrainAsync(TimeSpan.FromSeconds(5), "the core is stopping");
        _stream.Answer(Push(1));
        await _wire.WritingAsync();
        _stream.Answer(Push(2));
        Assert.False(draining.IsCompleted);
        Task<bool> later = _stream.TryBeginAsync();
        _wire.Release();
        await draining.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(2, (await _wire.TakeAsync(events: 2)).Sum(batch => batch.Events.Count));
        Assert.Equal("the core is stopping", _stream.Why);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        await Task.WhenAny(later);
        Assert.False(later.IsCompletedSuccessfully && await later);
    }

    [Fact]
    public async Task Drain_AnEventWithoutAnswer_EndsAfterItsTime()
    {
        Assert.True(await _stream.TryBeginAsync());
        Task draining = _stream.DrainAsync(TimeSpan.FromSeconds(5), "the core is stopping");
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(draining.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await draining.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.True(_stream.Ended.IsCancellationRequested);
    }

    private static CoreEvent Push(long sequence, byte[]? text = null) =>
        new() { Delivery = new Delivery { Sequence = sequence, Text = ByteString.CopyFrom(text ?? []) } };

    /// <summary>What was written; a write can be held up.</summary>
    private sealed class Wire : IAsyncStreamWriter<ConnectResponse>
    {
        private readonly Channel<ConnectResponse> _written = Channel.CreateUnbounded<ConnectResponse>();
        private readonly TaskCompletionSource _writing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _held;

        public WriteOptions? WriteOptions { get; set; }

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _held!.SetResult();

        public Task WritingAsync() => _writing.Task.WaitAsync(TimeSpan.FromSeconds(20));

        public Task WriteAsync(ConnectResponse message)
        {
            _written.Writer.TryWrite(message.Clone());
            _writing.TrySetResult();
            return _held?.Task ?? Task.CompletedTask;
        }

        public Task WriteAsync(ConnectResponse message, CancellationToken cancellationToken) => WriteAsync(message);

        public async Task<List<ConnectResponse>> TakeAsync(int events)
        {
            using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(20));
            List<ConnectResponse> taken = [];
            while (taken.Sum(b => b.Events.Count) < events) taken.Add(await _written.Reader.ReadAsync(deadline.Token));
            return taken;
        }
    }
}
