namespace Edge.Sip.Transport;

/// <summary>A thread of the transport that sleeps when it has nothing to do.</summary>
internal interface IWakeable
{
    /// <summary>Wakes it if it sleeps. From any thread.</summary>
    void Wake();
}

/// <summary>While a thread hands out many events, whom it gives something to do is woken once, at the end: a wake is two system calls and a change of thread.</summary>
/// <remarks>For work that does not block: what was handed out waits for the end of it.</remarks>
internal static class HeldWakes
{
    [ThreadStatic]
    private static List<IWakeable>? _held;   // null while nothing is held back

    [ThreadStatic]
    private static List<IWakeable>? _spare;

    /// <summary>Does it, then wakes everybody who is to be.</summary>
    public static void During<T>(T argument, Action<T> work)
        where T : allows ref struct
    {
        List<IWakeable> held = _held = _spare ?? [];
        _spare = null;
        try
        {
            work(argument);
        }
        finally
        {
            _held = null;
            foreach (IWakeable sleeper in held) sleeper.Wake();
            held.Clear();
            _spare = held;
        }
    }

    /// <summary>Wakes it now, or at the end of what this thread is at.</summary>
    public static void Wake(IWakeable sleeper)
    {
        if (_held is not { } held) sleeper.Wake();
        else if (!held.Contains(sleeper)) held.Add(sleeper);   // a handful at most
    }
}
