using Api.Grpc.Streams;
using Api.Grpc.Tests.Support;
using Core.Store.Presence;
using Edge.Messages.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Testing.Shared;

namespace Api.Grpc.Tests.Streams;

/// <summary>A client whose connection lives but that reads nothing.</summary>
public sealed class StuckClientTests(FakeCore fixture) : IClassFixture<FakeCore>
{
    [Fact]
    [Spec("P7", "D.devices")]
    public async Task Receive_WriteStuckFor30Seconds_StreamReset()
    {
        string user = $"stuck{Guid.NewGuid():N}";
        fixture.Store.Put(user, "hi");
        bool aborted = false;
        using ClientStream client = new(RedisCore.Address(user), 1, () => aborted = true, TestContext.Current.CancellationToken);
        FlowId flow = new("api:core-1", 7, 1_000);
        IServiceProvider services = fixture.Core.Services;
        using ReceiveStream stream = new(
            client, flow, "device", fixture.Store, services.GetRequiredService<ReceiveFlows>(), services.GetRequiredService<ReceiveToken>(),
            services.GetRequiredService<Diagnostics.CoreMetrics>(), fixture.Time, NullLogger.Instance,
            new Core.Store.Operators.ClientSession("127.0.0.1:1", "", "", "", default));
        Wire wire = new();
        Task running = stream.RunAsync(new ReceiveRequests(new Silence()), wire);
        await wire.Stuck.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        fixture.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.True(aborted);
        Assert.True(client.Ended.IsCancellationRequested);
    }

    /// <summary>Takes the first response, and no more.</summary>
    private sealed class Wire : IServerStreamWriter<ReceiveMessagesResponse>
    {
        private int _written;

        public TaskCompletionSource Stuck { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(ReceiveMessagesResponse message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(ReceiveMessagesResponse message, CancellationToken cancellationToken)
        {
            if (_written++ == 0) return Task.CompletedTask;
            Stuck.TrySetResult();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }

    /// <summary>Says nothing until it is cancelled.</summary>
    private sealed class Silence : IAsyncStreamReader<ReceiveMessagesRequest>
    {
        public ReceiveMessagesRequest Current => throw new InvalidOperationException();

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return false;
        }
    }
}
