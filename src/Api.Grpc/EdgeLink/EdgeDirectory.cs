using System.Collections.Concurrent;
using Api.Grpc.Diagnostics;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;

namespace Api.Grpc.EdgeLink;

/// <summary>The edges that this core reaches just now: one stream each, of the edge's newest start.</summary>
internal sealed class EdgeDirectory(LinkMapping mapping, TimeProvider time, CoreMetrics metrics, ILogger<EdgeDirectory> logger)
{
    private static readonly TimeSpan MostDraining = TimeSpan.FromSeconds(5);   // the store has answered or failed by then
    private static readonly TimeSpan MostEnding = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, EdgeStream> _streams = new(StringComparer.Ordinal);
    private readonly Lock _joining = new();
    private bool _stopping;

    /// <summary>Enters a stream; an older one of the same edge is ended.</summary>
    /// <param name="stream">Has said Hello.</param>
    /// <param name="why">Why not: this core is stopping, or a newer start of the edge is connected and this is a process that should be gone.</param>
    public bool TryJoin(EdgeStream stream, out string why)
    {
        lock (_joining)
        {
            why = _stopping ? "this core is stopping" : "a newer start of this edge is connected";
            if (_stopping) return false;
            if (_streams.TryGetValue(stream.EdgeId, out EdgeStream? old))
            {
                if (old.Epoch > stream.Epoch) return false;
                CoreLog.EdgeSuperseded(logger, old.EdgeId, old.Epoch);
                old.End("superseded by a newer link");
                metrics.LinkDown();
            }

            _streams[stream.EdgeId] = stream;
            metrics.LinkUp();
            return true;
        }
    }

    /// <summary>Takes a stream out, unless a newer one has its place.</summary>
    public void Leave(EdgeStream stream)
    {
        if (_streams.TryRemove(new KeyValuePair<string, EdgeStream>(stream.EdgeId, stream))) metrics.LinkDown();
    }

    /// <summary>This core is stopping: all streams end once what is under way is answered, and none joins. A durable message without its answer would be sent twice.</summary>
    public Task StopAsync()
    {
        lock (_joining) _stopping = true;
        return Task.WhenAll(_streams.Values.Select(StopAsync));
    }

    /// <summary>Until its call is over too: else the server would close the connection under its last words.</summary>
    private async Task StopAsync(EdgeStream stream)
    {
        await stream.DrainAsync(MostDraining, "the core is stopping").ConfigureAwait(false);
        await stream.Completion.WaitAsync(MostEnding, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public bool Reaches(FlowId flow) => Find(flow) is not null;

    /// <inheritdoc cref="IDeliveryPort.Revoke"/>
    public bool Revoke(FlowId flow, AccountAddress? account) =>
        Find(flow)?.TryPush(new CoreEvent { Revoked = new Revoked { Flow = flow.Flow, User = account?.User ?? string.Empty } }) == true;

    public void Push(FlowId flow, AccountAddress recipient, MailboxPage page)
    {
        if (Find(flow) is { } stream) Push(stream, new CoreEvent { Page = mapping.ToPage(flow, recipient, page) });
    }

    /// <summary>Pushes a message that was accepted just now; one for an edge that is not reached from here is left to the sweep.</summary>
    public void Push(DirectedMessage directed)
    {
        if (Find(directed.Flow) is { } stream) Push(stream, new CoreEvent { Delivery = mapping.ToDelivery(directed.Flow, directed.Message) });
    }

    private EdgeStream? Find(FlowId flow) => _streams.TryGetValue(flow.EdgeId, out EdgeStream? stream) && stream.Epoch == flow.Epoch ? stream : null;

    private void Push(EdgeStream stream, CoreEvent push)
    {
        if (stream.TryPush(push)) return;
        metrics.PushDropped();
        CoreLog.PushDropped(logger, stream.EdgeId);
    }
}
