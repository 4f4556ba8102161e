using Edge.Sip.CoreLink;
using Edge.Sip.Delivery;
using Edge.Sip.Diagnostics;
using Edge.Sip.Requests;
using Edge.Sip.Sessions;
using Edge.Sip.Transport;
using Edge.Sip.Transport.Native;
using Microsoft.Extensions.Options;

namespace Edge.Sip;

/// <summary>The parts of the edge, started in the order in which they need each other and stopped in the other one.</summary>
internal sealed class EdgeNode(
    ITransport transport, CertificateWatch certificate, RequestDispatcher dispatcher, SessionSweep sweep, MemoryReturn memory, CoreLinks links, LinkEventRouter router, DeliveryPump pump,
    AddressLimits addresses, EdgeMetrics metrics, SipOptions sip, IOptions<EdgeOptions> options, ILogger<EdgeNode> logger) : IHostedService
{
    private volatile bool _listening;

    /// <summary>Clients can be served: the listener is bound and a core is there.</summary>
    public bool IsReady => _listening && links.UpCount > 0;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        metrics.Begin();
        metrics.ObserveAddresses(() => addresses.Count);
        links.Events = router;
        transport.Start(dispatcher);   // first: a port that is taken stops the start
        pump.Port = transport.LocalEndPoint!.Port;
        certificate.Start();
        links.Start();
        sweep.Start();
        memory.Start();
        _listening = true;
        long descriptors = OperatingSystem.IsLinux() ? Linux.MostDescriptors() : long.MaxValue;
        if (descriptors < sip.MostConnections) EdgeLog.DescriptorsFew(logger, descriptors, sip.MostConnections);
        EdgeLog.EdgeStarted(logger, options.Value.Id, EdgeMetrics.Version, pump.Port);
        return Task.CompletedTask;
    }

    /// <summary>No new connections, close_notify on the others, their accounts unregistered at the cores, then the links.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _listening = false;
        EdgeLog.EdgeStopping(logger, options.Value.Id);
        certificate.Dispose();
        await transport.StopAsync(cancellationToken).ConfigureAwait(false);
        sweep.Dispose();
        memory.Dispose();
        await links.StopAsync(cancellationToken).ConfigureAwait(false);
    }
}
