using Edge.Link.V1;
using Edge.Sip.CoreLink;
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
        Agree(bytes);
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

    /// <summary>The edge's own reader says what Protobuf's says, if both take it.</summary>
    private static void Agree(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (!RefreshAnswer.TryRead(bytes, out RefreshAnswer read)) return;
            Refreshed meant = Refreshed.Parser.ParseFrom(bytes);
            if ((read.Flow, read.UserName, read.Outcome, read.Page?.Upto) != (meant.Flow, meant.User, meant.Outcome, meant.Page?.Upto)) throw new InvalidOperationException("read in another way");
        }
        catch (Exception refused) when (refused is InvalidDataException or InvalidProtocolBufferException)
        {
            // ends the link
        }
    }
}
