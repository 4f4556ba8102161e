namespace Edge.Sip.CoreLink;

/// <summary>The bindings that a core which is there again is told of, a window at a time: what clients ask meanwhile does not wait behind all of them.</summary>
/// <remarks>Used by the link's reader alone.</remarks>
/// <param name="flows">The connections of the moment at which the link came up; later ones register by themselves.</param>
internal sealed class Snapshot(ulong[] flows)
{
    /// <summary>Most refreshes unanswered: a quarter of what a core takes up at once.</summary>
    public const int Window = 256;

    private readonly HashSet<(ulong Flow, string User)> _unanswered = [];
    private int _next;

    /// <summary>Bindings told so far.</summary>
    public int Told { get; private set; }

    /// <summary>Whether all have been told.</summary>
    public bool IsDone => _next == flows.Length;

    /// <summary>The next connection to tell of; false while the window is full, or when all have been told.</summary>
    public bool TryNext(out ulong flow)
    {
        flow = 0;
        if (IsDone || _unanswered.Count >= Window) return false;
        flow = flows[_next++];
        return true;
    }

    /// <summary>A refresh of it was posted.</summary>
    public void Asked(ulong flow, string user)
    {
        Told++;
        _unanswered.Add((flow, user));
    }

    /// <summary>A refresh was answered.</summary>
    public void Answered(ulong flow, string user) => _unanswered.Remove((flow, user));
}
