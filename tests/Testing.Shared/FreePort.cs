using System.Net;
using System.Net.Sockets;

namespace Testing.Shared;

/// <summary>Ports for servers that tests start.</summary>
/// <remarks>
/// From below the range that systems take outgoing connections' ports from (32,768 up on Linux, 49,152 up elsewhere): one of those that was free just now
/// may be a connection's by the time a server binds it.
/// </remarks>
public static class FreePort
{
    private const int First = 12_000;
    private const int Count = 20_000;
    private const int Apart = 4;   // some servers take the next port too

    private static int _next = Random.Shared.Next(Count);   // another process begins elsewhere

    /// <summary>A TCP port on loopback that is free, as is the one after it, and that no other call in this process returns soon.</summary>
    public static int Next()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Add(ref _next, Apart) % Count);
            if (IsFree(port) && IsFree(port + 1)) return port;
        }
    }

    private static bool IsFree(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
