using Api.Grpc.Diagnostics;
using Api.Grpc.EdgeLink;
using Api.Grpc.Streams;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Api.Grpc.Hosting;

/// <summary>Says where the core listens once it does, and ends links and streams when it stops: edges and clients go to another core at once instead of at the deadline.</summary>
internal sealed class CoreLifetime(IServer server, EdgeDirectory edges, ClientStreams streams, CoreMetrics metrics, ILogger<CoreLifetime> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        metrics.Begin();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        string[] addresses = [.. server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []];
        if (addresses is [string api, string admin, string link, string metrics]) CoreLog.Started(logger, CoreMetrics.Version, api, admin, link, metrics);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        CoreLog.Stopping(logger);
        streams.EndAll();
        return edges.StopAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
