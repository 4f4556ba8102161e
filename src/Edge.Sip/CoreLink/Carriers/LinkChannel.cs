using Grpc.Net.Client;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>The gRPC channel to one core: another one when the link's certificate has changed.</summary>
internal sealed class LinkChannel(string endpoint, LinkIdentity identity) : IDisposable
{
    private const int MostReceivedBytes = LinkBatch.MostReceivedBytes;

    private GrpcChannel? _channel;
    private int _version;

    /// <summary>For a link that is about to be made; the one before is over.</summary>
    public GrpcChannel Open()
    {
        int version = identity.Refresh();
        if (_channel is not null && version == _version) return _channel;
        _channel?.Dispose();
        _version = version;
        return _channel = GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
        {
            HttpHandler = identity.CreateHandler(),
            DisposeHttpClient = true,
            MaxRetryAttempts = null,
            MaxReceiveMessageSize = MostReceivedBytes,
        });
    }

    public void Dispose() => _channel?.Dispose();
}
