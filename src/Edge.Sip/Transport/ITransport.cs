using System.Net;

namespace Edge.Sip.Transport;

/// <summary>Carries TLS connections of clients.</summary>
internal interface ITransport
{
    /// <summary>Where it listens; null before <see cref="Start"/>.</summary>
    IPEndPoint? LocalEndPoint { get; }

    /// <summary>Binds and accepts.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The address is not this machine's, or the port is taken.</exception>
    void Start(IConnectionHandler handler);

    /// <summary>Shows this certificate to new connections; those there are keep theirs.</summary>
    /// <param name="certificate">The transport's own from here on, unless it throws.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It cannot be used.</exception>
    void Use(ServerCertificate certificate);

    /// <summary>Accepts no more, says close_notify on every connection and waits until all have ended, or the token says enough.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}
