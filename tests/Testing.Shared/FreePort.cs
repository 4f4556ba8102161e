using System.Net;
using System.Net.Sockets;

namespace Testing.Shared;

/// <summary>Ports for servers that tests start.</summary>
public static class FreePort
{
    /// <summary>A TCP port on loopback that was free just now.</summary>
    public static int Next()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
