using Grpc.Core;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>Carries the stream to one core, again and again: nghttp2 on a reactor, or gRPC's own client (docs/adr/0017).</summary>
internal interface ILinkCarrier : IDisposable
{
    /// <summary>Makes the stream and carries it until the core closes it. When this returns nothing more is taken from the traffic.</summary>
    /// <param name="traffic">What goes up and down.</param>
    /// <param name="ending">Ends it at once.</param>
    /// <exception cref="RpcException">The core refused it, or ended it with a status.</exception>
    /// <exception cref="IOException">It could not be made, or was lost.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    Task RunAsync(ILinkTraffic traffic, CancellationToken ending);

    /// <summary>Something is queued: <see cref="ILinkTraffic.TakeQueued"/> is called until it gives nothing; only then this is said again. From any thread, never blocks.</summary>
    void Write();
}
