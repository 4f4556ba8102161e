using Fuzz.Offline;

namespace Fuzz.Targets;

/// <summary>All of the edge above its sockets: a client that has registered, or has not, sends these bytes.</summary>
internal static class SessionTarget
{
    [ThreadStatic]
    private static OfflineEdge? _edge;

    private static OfflineEdge Edge => _edge ??= new OfflineEdge();

    public static void Run(ReadOnlySpan<byte> bytes)
    {
        Edge.Receive(bytes, bytes.Length / 2, registered: true);
        Edge.Receive(bytes, bytes.Length, registered: false);
    }

    /// <returns>Messages that the client was sent.</returns>
    public static int Receive(ReadOnlySpan<byte> bytes, int cut, bool registered) => Edge.Receive(bytes, cut, registered);
}
