using System.Security.Cryptography.X509Certificates;
using Api.Grpc.Diagnostics;
using Api.Grpc.Options;
using Api.Grpc.Streams;
using Core.Store;
using Core.Store.Envelopes;
using Core.Store.Limits;
using Core.Store.Presence;
using Edge.Link.V1;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Api.Grpc.EdgeLink;

/// <summary>The core's side of an edge link: who is it, which start of it, then events up and answers and pushes down until one side is gone.</summary>
internal sealed class LinkService(
    IEdgeEpochs epochs, EdgeDirectory edges, EdgeEvents events, NonceCheck nonces, IDerivedKeys keys, ILimits limits, CoreMetrics metrics, TimeProvider time,
    IOptions<EdgeLinkOptions> link, IOptions<CoreStoreOptions> store, ILogger<LinkService> logger) : Edge.Link.V1.LinkService.LinkServiceBase
{
    private const uint Protocol = 1;
    private const int InstanceBytes = 16;

    /// <summary>More of an edge's version is not logged: what it sends may have 128 KiB.</summary>
    private const int MostVersionCharacters = 64;

    /// <summary>Three times within the 30 s after which the store takes an edge for gone.</summary>
    private static readonly TimeSpan SayAlive = TimeSpan.FromSeconds(10);

    private readonly EdgeLinkOptions _options = link.Value;
    private readonly HourlyKeys _ticketKeys = new(keys, time, "session-ticket");

    public override async Task Connect(IAsyncStreamReader<ConnectRequest> requests, IServerStreamWriter<ConnectResponse> responses, ServerCallContext context)
    {
        X509Certificate2? certificate = context.GetHttpContext().Connection.ClientCertificate;
        if (!EdgeIdentity.TryRead(certificate, out string edgeId)) throw Refuse(LinkRefusal.Certificate, StatusCode.PermissionDenied, "the certificate is not an edge's (CN = edge id, OU = edge)");

        if (StreamFlows.IsStream(edgeId)) throw Refuse(LinkRefusal.Certificate, StatusCode.PermissionDenied, "the edge id begins like those of receiving streams (api:)");

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        patience.CancelAfter(_options.DeadAfter);
        if (!await requests.MoveNext(patience.Token).ConfigureAwait(false)) return;
        ConnectRequest first = requests.Current;
        if (first.Events.Count == 0 || first.Events[0].Hello is not { } hello) throw Refuse(LinkRefusal.Hello, StatusCode.InvalidArgument, "the first event is not Hello");
        if (hello.EdgeId != edgeId) throw Refuse(LinkRefusal.EdgeId, StatusCode.PermissionDenied, "the edge id is not the certificate's common name");
        if (hello.Protocol != Protocol) throw Refuse(LinkRefusal.Hello, StatusCode.FailedPrecondition, "this core speaks protocol 1");
        if (hello.Instance.Length != InstanceBytes) throw Refuse(LinkRefusal.Hello, StatusCode.InvalidArgument, "the instance must have 16 bytes");

        long epoch = await EpochAsync(hello).ConfigureAwait(false);
        using EdgeStream stream = new(edgeId, epoch, _options.MaxEventsUnderWay, _options.MaxQueuedEvents, _options.MaxQueuedBytes, time);
        Told told = new(_ticketKeys.Hour, limits.Current.Address);
        stream.TryPush(new CoreEvent { Welcome = Welcome(epoch, told.Limits) });   // before the stream can be found: the first event down
        if (!edges.TryJoin(stream, out string why)) throw Refuse(LinkRefusal.Superseded, StatusCode.FailedPrecondition, why);
        _ = SeenAsync(edgeId);
        CoreLog.EdgeConnected(logger, edgeId, epoch, hello.Version.Length <= MostVersionCharacters ? hello.Version : hello.Version[..MostVersionCharacters]);
        await RunAsync(stream, told, first, requests, responses, context.CancellationToken).ConfigureAwait(false);
    }

    private async Task RunAsync(
        EdgeStream stream, Told told, ConnectRequest first, IAsyncStreamReader<ConnectRequest> requests, IServerStreamWriter<ConnectResponse> responses, CancellationToken closed)
    {
        using CancellationTokenRegistration close = closed.UnsafeRegister(static s => ((EdgeStream)s!).End("the connection ended"), stream);
        Task writing = EndingAsync(stream, stream.WriteAsync(responses));
        Task watching = EndingAsync(stream, WatchAsync(stream, told));
        try
        {
            await EndingAsync(stream, ReadAsync(stream, first, requests)).ConfigureAwait(false);
        }
        finally
        {
            edges.Leave(stream);
            stream.End("closed by the edge");
            await writing.ConfigureAwait(false);
            await watching.ConfigureAwait(false);
            CoreLog.EdgeDisconnected(logger, stream.EdgeId, stream.Epoch, stream.Why);
            stream.Complete();
        }
    }

    private async Task ReadAsync(EdgeStream stream, ConnectRequest first, IAsyncStreamReader<ConnectRequest> requests)
    {
        FlowOrder bindings = new();
        FlowOrder submissions = new();
        ConnectRequest batch = first;
        int next = 1;   // the first event was Hello
        while (true)
        {
            stream.Heard();
            for (; next < batch.Events.Count; next++)
            {
                if (await stream.TryBeginAsync().ConfigureAwait(false)) events.Start(stream, bindings, submissions, batch.Events[next]);
            }

            if (!await requests.MoveNext(stream.Ended).ConfigureAwait(false)) return;
            batch = requests.Current;
            next = 0;
        }
    }

    /// <summary>Heartbeats, the silence that ends a link, a write that gets nowhere, new keys with the hour, and limits that changed.</summary>
    private async Task WatchAsync(EdgeStream stream, Told told)
    {
        TimeSpan period = TimeSpan.FromTicks(Math.Min(TimeSpan.TicksPerSecond, _options.HeartbeatInterval.Ticks / 2));
        using PeriodicTimer timer = new(period, time);
        long seen = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stream.Ended).ConfigureAwait(false))
        {
            if (time.GetElapsedTime(seen) >= SayAlive)
            {
                seen = time.GetTimestamp();
                _ = SeenAsync(stream.EdgeId);
            }

            if (stream.SinceRead > _options.DeadAfter) stream.End("silent for too long");
            if (stream.Writing > _options.DeadAfter) stream.End("reads nothing");
            // What the queue has no room for goes with the next tick.
            if (_ticketKeys.Hour is var hour && hour != told.Hour && stream.TryPush(new CoreEvent { NonceKeys = nonces.Keys() }) && stream.TryPush(new CoreEvent { SessionTicketKeys = TicketKeys() }))
                told = told with { Hour = hour };
            if (limits.Current.Address is var address && address != told.Limits && stream.TryPush(new CoreEvent { EdgeLimits = ToWire(address) })) told = told with { Limits = address };
            if (stream.SinceWrite >= _options.HeartbeatInterval)
            {
                stream.TryPush(new CoreEvent { Heartbeat = new Heartbeat() });
            }
        }
    }

    /// <summary>Whichever of reading, writing and watching ends first ends the stream; a lost connection is how links end, not a fault.</summary>
    private static async Task EndingAsync(EdgeStream stream, Task part)
    {
        try
        {
            await part.ConfigureAwait(false);
            stream.End("closed by the edge");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException or RpcException)
        {
            stream.End($"the connection failed ({e.GetType().Name})");
        }
    }

    private async Task SeenAsync(string edgeId)
    {
        try
        {
            await epochs.SeenAsync(edgeId).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            // said again in 10 s
        }
    }

    private async Task<long> EpochAsync(Hello hello)
    {
        try
        {
            return await epochs.EpochOfAsync(hello.EdgeId, hello.Instance.Memory).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            throw Refuse(LinkRefusal.Store, StatusCode.Unavailable, "the store does not answer");
        }
    }

    private Welcome Welcome(long epoch, AddressLimits address) => new()
    {
        Epoch = epoch,
        Domain = store.Value.Domain.ToLowerInvariant(),
        NonceKeys = nonces.Keys(),
        OfferMd5 = _options.OfferMd5,
        MinExpiresSeconds = (uint)_options.MinExpires.TotalSeconds,
        MaxExpiresSeconds = (uint)_options.MaxExpires.TotalSeconds,
        Limits = ToWire(address),
        SessionTicketKeys = TicketKeys(),
    };

    private SessionTicketKeys TicketKeys() => new() { Keys = { _ticketKeys.NewestFirst() } };

    private static EdgeLimits ToWire(AddressLimits address) => new()
    {
        Connections = (uint)address.Connections,
        ConnectionsPerSecond = (uint)address.ConnectionsPerSecond,
        FailedAuthenticationsPerMinute = (uint)address.FailedAuthenticationsPerMinute,
    };

    private RpcException Refuse(LinkRefusal reason, StatusCode code, string why)
    {
        metrics.LinkRefused(EdgeEvent.EventOneofCase.Hello, reason);
        CoreLog.EdgeRefused(logger, why);
        return new RpcException(new Status(code, why));
    }

    /// <summary>What the edge has been told that may change: the hour of its keys, and its limits.</summary>
    private sealed record Told(long Hour, AddressLimits Limits);
}
