using Edge.Link.V1;
using Fuzz.Offline;
using Google.Protobuf;

namespace Fuzz.Targets;

/// <summary>What a core says, to the edge.</summary>
internal static class LinkDownTarget
{
    [ThreadStatic]
    private static OfflineEdge? _edge;

    public static void Run(ReadOnlySpan<byte> bytes)
    {
        ConnectResponse batch;
        try
        {
            batch = ConnectResponse.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return;   // ends the link
        }

        (_edge ??= new OfflineEdge()).Say(batch);
    }
}
