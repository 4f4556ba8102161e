using Edge.Link.V1;
using Grpc.Core;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>Carries the link by gRPC's own client: on every system, and beside the portable transport.</summary>
internal sealed class GrpcLinkCarrier(string endpoint, LinkIdentity identity) : ILinkCarrier
{
    /// <summary>
    /// Pause after a write of several events, so that those of the next millisecond leave together: under load a quarter of the edge's CPU for a message, and
    /// the tail of its latency, go with the writes saved (docs/adr/0006). None after an event alone: there was no load. Real time: what is paced is the machine.
    /// </summary>
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromMilliseconds(1);

    private readonly LinkChannel _channel = new(endpoint, identity);
    private readonly SemaphoreSlim _queued = new(0);

    public async Task RunAsync(ILinkTraffic traffic, CancellationToken ending)
    {
        using AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call = new LinkService.LinkServiceClient(_channel.Open()).Connect(cancellationToken: ending);
        await call.RequestStream.WriteAsync(new ConnectRequest { Events = { new EdgeEvent { Hello = traffic.Hello() } } }, ending).ConfigureAwait(false);
        if (!await call.ResponseStream.MoveNext(ending).ConfigureAwait(false)) return;
        traffic.Begin(call.ResponseStream.Current);

        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(ending);
        Task writing = WriteAsync(call, traffic, over.Token);
        try
        {
            while (await call.ResponseStream.MoveNext(ending).ConfigureAwait(false)) traffic.Take(call.ResponseStream.Current);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            call.Dispose();
            await writing.ConfigureAwait(false);
        }
    }

    public void Write() => _queued.Release();

    public void Dispose()
    {
        _channel.Dispose();
        _queued.Dispose();
    }

    private async Task WriteAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call, ILinkTraffic traffic, CancellationToken over)
    {
        ConnectRequest batch = new();
        try
        {
            while (true)
            {
                await _queued.WaitAsync(over).ConfigureAwait(false);
                while (traffic.TakeQueued() is { } events)
                {
                    await WriteAsync(call.RequestStream, batch, events, traffic).ConfigureAwait(false);
                    bool alone = events.Count == 1;
                    traffic.Written(events);
                    if (!alone) await Task.Delay(BetweenWrites, over).ConfigureAwait(false);
                }
            }
        }
#pragma warning disable CA1031 // whatever it was, without a writer the link would be up and mute: the reader sees the end and says why
        catch (Exception)
#pragma warning restore CA1031
        {
            call.Dispose();
        }
    }

    private static async Task WriteAsync(IClientStreamWriter<ConnectRequest> writer, ConnectRequest batch, List<EdgeEvent> events, ILinkTraffic traffic)
    {
        for (int from = 0; from < events.Count; from += batch.Events.Count)
        {
            batch.Events.Clear();
            (int count, _) = LinkBatch.Fit(events, from);
            for (int i = from; i < from + count; i++) batch.Events.Add(events[i]);
            await writer.WriteAsync(batch).ConfigureAwait(false);
            traffic.BatchWritten();
        }

        batch.Events.Clear();   // the events are used again
    }
}
