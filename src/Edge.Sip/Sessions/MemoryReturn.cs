using System.Runtime.InteropServices;

namespace Edge.Sip.Sessions;

/// <summary>Gives memory back to the system once a wave of connections is over: neither the C library nor the collector does so by itself while nothing new is asked of them.</summary>
/// <remarks>A TLS session is 20 KB and more of the C library's heap, freed in pieces all over it: without this an edge would stay as large as its worst minute.</remarks>
internal sealed partial class MemoryReturn(SessionTable sessions, EdgeClock clock) : IDisposable
{
    /// <summary>So many fewer connections than there were are a wave; fewer are everyday's coming and going.</summary>
    private const int Wave = 500;

    /// <summary>With more connections left a whole collection would stop the others for too long: it is done beside them.</summary>
    private const int FewSessions = 20_000;

    /// <summary>
    /// So long they must have stayed away. Clients that lost their connections are back sooner, and would find memory that has to be asked for again: 60 µs of a handshake's 500.
    /// And a collection stops everybody, while whoever likes may open and close 500 connections again and again.
    /// </summary>
    private const long AwayMs = 20_000;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private ITimer? _timer;
    private int _peak;
    private long _awaySinceMs = -1;   // none are
    private int _running;

    /// <summary>How often it was done.</summary>
    public int Returns { get; private set; }

    public void Start() => _timer = clock.Time.CreateTimer(static keeper => ((MemoryReturn)keeper!).Look(), this, Every, Every);

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _running, 1) != 0) return;   // the last one is still under way
        try
        {
            int now = sessions.Count;
            _peak = Math.Max(_peak, now);
            if (_peak - now < Math.Max(Wave, _peak / 4))
            {
                _awaySinceMs = -1;
                return;
            }

            if (_awaySinceMs < 0) _awaySinceMs = clock.NowMs;
            if (clock.NowMs - _awaySinceMs < AwayMs) return;
            (_peak, _awaySinceMs) = (now, -1);
            Returns++;
            Return(now);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private static void Return(int left)
    {
#pragma warning disable S1215, CA1806 // the wave is over: what it used is garbage, and nothing else would ask for it
        if (left < FewSessions) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        else GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
#pragma warning restore S1215, CA1806
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // not glibc: others give back what is free
        }
    }

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint pad);
}
