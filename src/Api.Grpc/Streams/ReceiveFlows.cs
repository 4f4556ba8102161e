using System.Collections.Concurrent;
using System.Security.Cryptography;
using Core.Store;
using Core.Store.Presence;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Streams;

/// <summary>The flows of this core's receiving streams: edge <c>api:</c> and core id, epoch of the core's start, number of the stream.</summary>
internal sealed class ReceiveFlows(IEdgeEpochs epochs, TimeProvider time, IOptions<CoreStoreOptions> options)
{
    /// <summary>Three times within the 30 s after which the store takes a core's streams for gone.</summary>
    private static readonly TimeSpan SayAlive = TimeSpan.FromSeconds(10);

    private readonly string _edgeId = StreamFlows.EdgeIdOf(options.Value.CoreId);
    private readonly byte[] _instance = RandomNumberGenerator.GetBytes(16);
    private readonly ConcurrentDictionary<FlowId, Action> _open = new();
    private long _epoch;   // 0: not known yet
    private ulong _last;
    private long _seen;   // timestamp; 0: never said

    /// <summary>A flow of its own for a new stream.</summary>
    /// <param name="wake">Called when there may be something for it; quick, and never throws.</param>
    /// <exception cref="StoreUnavailableException">The epoch is not known yet, and Redis did not answer.</exception>
    public async Task<FlowId> OpenAsync(Action wake)
    {
        if (Volatile.Read(ref _epoch) == 0) Volatile.Write(ref _epoch, await epochs.EpochOfAsync(_edgeId, _instance).ConfigureAwait(false));
        await StayAsync().ConfigureAwait(false);   // before the registration: one of a core that is not there would be ended
        FlowId flow = new(_edgeId, Volatile.Read(ref _epoch), Interlocked.Increment(ref _last));
        _open[flow] = wake;
        return flow;
    }

    /// <summary>Says that this core is there, at most every 10 s: while a stream is open it has to be called more often.</summary>
    public async Task StayAsync()
    {
        long seen = Volatile.Read(ref _seen);
        if (seen != 0 && time.GetElapsedTime(seen) < SayAlive) return;
        await epochs.SeenAsync(_edgeId).ConfigureAwait(false);
        Volatile.Write(ref _seen, time.GetTimestamp());
    }

    /// <summary>Whether a stream is open at this core.</summary>
    public bool Holds(FlowId flow) => _open.ContainsKey(flow);

    /// <summary>Whether it was a stream of this core, of this start or an earlier one, and is not open. Until the first stream nothing is known of earlier starts.</summary>
    public bool HasEnded(FlowId flow) =>
        flow.EdgeId == _edgeId && (flow.Epoch < Volatile.Read(ref _epoch) || (flow.Epoch == Volatile.Read(ref _epoch) && !Holds(flow)));

    public void Close(FlowId flow) => _open.TryRemove(flow, out _);

    /// <summary>Wakes a stream of this core.</summary>
    /// <returns>False if it is not open here.</returns>
    public bool TryWake(FlowId flow)
    {
        if (!_open.TryGetValue(flow, out Action? wake)) return false;
        wake();
        return true;
    }
}
