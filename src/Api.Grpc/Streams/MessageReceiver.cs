using System.Security.Cryptography;
using System.Text;
using Api.Grpc.Diagnostics;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Operators;
using Core.Store.Presence;
using Edge.Messages.V1;
using Grpc.Core;

namespace Api.Grpc.Streams;

/// <summary>ReceiveMessages: a stream is registered like a device, until it ends; what waits for the account goes out on it.</summary>
internal sealed class MessageReceiver(
    IMessageStore store, IWakeups wakeups, ReceiveFlows flows, ReceiveToken tokens, CoreMetrics metrics, TimeProvider time, ILogger<MessageReceiver> logger)
{
    private const int MostDeviceCharacters = 64;

    private static readonly SessionEnd Ended = new(ByClient: false, "stream_ended");

    /// <summary>A client that does not say how it begins holds a place for nothing.</summary>
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(10);

    /// <summary>Serves one stream from its first request on.</summary>
    public async Task RunAsync(ClientStream stream, HttpContext context, IAsyncStreamReader<ReceiveMessagesRequest> requests, IServerStreamWriter<ReceiveMessagesResponse> responses)
    {
        ReceiveRequests read = new(requests);
        string device = await StartAsync(stream, read).ConfigureAwait(false);
        ReceiveStream? receiving = null;   // what wakes it before it is registered is in its first page
        void Wake() => Volatile.Read(ref receiving)?.Wake();
        using IDisposable subscription = wakeups.Subscribe(stream.Account, Wake);
        FlowId flow = await flows.OpenAsync(Wake).ConfigureAwait(false);
        receiving = new ReceiveStream(stream, flow, device, store, flows, tokens, metrics, time, logger, StreamSession.Of(context, time.GetUtcNow()));
        try
        {
            await receiving.RunAsync(read, responses).ConfigureAwait(false);
        }
        finally
        {
            flows.Close(flow);
            receiving.Dispose();
            await UnregisterAsync(stream, flow).ConfigureAwait(false);
        }
    }

    /// <returns>What tells the device from the account's others: never equal to a SIP device's.</returns>
    private async Task<string> StartAsync(ClientStream stream, ReceiveRequests requests)
    {
        using CancellationTokenSource patience = new(StartWithin, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stream.Ended);
        ReceiveMessagesRequest? first;
        try
        {
            first = await requests.NextAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stream.Ended.IsCancellationRequested)
        {
            first = null;
        }

        if (first?.Start is not { } start) throw new RefusedException(Reason.Malformed, "The first request must be start, within 10 seconds.");
        if (start.Device.Length > MostDeviceCharacters) throw new RefusedException(Reason.Malformed, "The device must have 64 characters at most.");
        return $"grpc:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(start.Device)).AsSpan(0, 16))}";
    }

    private async Task UnregisterAsync(ClientStream stream, FlowId flow)
    {
        try
        {
            await store.UnregisterAsync(stream.Account, flow, Ended).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            // the registration runs out by itself
        }
    }
}
