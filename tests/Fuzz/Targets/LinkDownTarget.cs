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
        ConnectResponse batch;
        try
        {
            batch = ConnectResponse.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return;   // ends the link
        }

        Agree(bytes);
        (_edge ??= new OfflineEdge()).Say(batch);
    }

    /// <summary>What the edge's own reader makes of the answers to refreshes is what Protobuf does.</summary>
    private static void Agree(ReadOnlySpan<byte> batch)
    {
        try
        {
            ReceivedFields events = new(batch);
            while (events.Next())
            {
                if (!events.IsBytes(ConnectResponse.EventsFieldNumber)) continue;
                ReceivedFields answer = new(events.Bytes);
                while (answer.Next())
                {
                    if (!answer.IsBytes(CoreEvent.RefreshedFieldNumber) || !RefreshAnswer.TryRead(answer.Bytes, out RefreshAnswer read)) continue;
                    Refreshed meant = Refreshed.Parser.ParseFrom(answer.Bytes);
                    bool same = (read.Flow, read.UserName, read.Outcome) == (meant.Flow, meant.User, meant.Outcome)
                        && (read.Page?.After, read.Page?.Upto, read.Page?.More, read.Page?.Failed) == (meant.Page?.After, meant.Page?.Upto, meant.Page?.More, meant.Page?.Failed);
                    if (!same) throw new InvalidOperationException("an answer to a refresh is read in another way");
                }
            }
        }
        catch (InvalidDataException)
        {
            // a group, or a length of more than 32 bits: ends the link
        }
    }
}
