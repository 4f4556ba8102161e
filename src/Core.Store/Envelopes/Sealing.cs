namespace Core.Store.Envelopes;

/// <summary>Whether this build seals texts at all.</summary>
public static class Sealing
{
    /// <summary>
    /// True only in a build with <c>-p:SealingOff=true</c>: texts then lie in clear in Redis. Made for one test: the search for a canary
    /// text must find it in such a build, else its finding nothing in a real one proves nothing. Never deploy it.
    /// </summary>
    public static bool IsOff =>
#if SEALING_OFF
        true;
#else
        false;
#endif
}
