using System.Threading.Channels;
using Grpc.Core;

namespace Api.Grpc.Tests.Support;

/// <summary>A stream of the public API as a client sees it: what came is kept in order.</summary>
public sealed class StreamCall<TRequest, TResponse> : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly IClientStreamWriter<TRequest>? _requests;
    private readonly IDisposable _call;
    private readonly Channel<TResponse> _responses = Channel.CreateUnbounded<TResponse>();
    private readonly Task _reading;

    public StreamCall(IClientStreamWriter<TRequest>? requests, IAsyncStreamReader<TResponse> responses, IDisposable call)
    {
        (_requests, _call) = (requests, call);
        _reading = ReadAsync(responses);
    }

    public Task SendAsync(TRequest request) => _requests!.WriteAsync(request);

    /// <summary>Says that nothing more will be said.</summary>
    public Task CompleteAsync() => _requests!.CompleteAsync();

    /// <summary>The next response.</summary>
    /// <exception cref="RpcException">The stream has ended instead.</exception>
    public async Task<TResponse> NextAsync()
    {
        using CancellationTokenSource deadline = new(Deadline);
        try
        {
            return await _responses.Reader.ReadAsync(deadline.Token);
        }
        catch (ChannelClosedException e) when (e.InnerException is RpcException ended)
        {
            throw new RpcException(ended.Status, ended.Trailers);
        }
    }

    /// <summary>How the server ended it.</summary>
    public async Task<SeenRefusal> RefusalAsync() => SeenRefusal.FromGrpc(await Assert.ThrowsAsync<RpcException>(() => _reading.WaitAsync(Deadline)));

    /// <summary>Waits for an end without a fault.</summary>
    public Task EndedAsync() => _reading.WaitAsync(Deadline);

    /// <summary>The client is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        try
        {
            await _reading.WaitAsync(Deadline);
        }
        catch (RpcException)
        {
            // how it ended is the business of the tests that ask
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<TResponse> responses)
    {
        try
        {
            while (await responses.MoveNext(CancellationToken.None)) _responses.Writer.TryWrite(responses.Current);
            _responses.Writer.TryComplete();
        }
        catch (Exception e)
        {
            _responses.Writer.TryComplete(e);
            throw;
        }
    }
}
