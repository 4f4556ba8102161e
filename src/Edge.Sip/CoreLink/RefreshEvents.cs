using Edge.Link.V1;

namespace Edge.Sip.CoreLink;

/// <summary>Refreshes that were written, to be used again: nine of ten requests of an edge are REGISTERs that only say "still here", and cost no garbage.</summary>
internal static class RefreshEvents
{
    private const int MostKept = 4_096;

    private static readonly Lock Gate = new();
    private static readonly EdgeEvent[] Kept = new EdgeEvent[MostKept];
    private static int _kept;

    /// <summary>One whose fields are all to be set.</summary>
    public static EdgeEvent Take()
    {
        lock (Gate)
        {
            if (_kept > 0) return Kept[--_kept];
        }

        return new EdgeEvent { Refresh = new Refresh() };
    }

    /// <summary>Those among these events that are refreshes; nobody may hold them any more.</summary>
    public static void Keep(List<EdgeEvent> written)
    {
        lock (Gate)
        {
            foreach (EdgeEvent happened in written)
            {
                if (_kept < MostKept && happened.EventCase == EdgeEvent.EventOneofCase.Refresh) Kept[_kept++] = happened;
            }
        }
    }
}
