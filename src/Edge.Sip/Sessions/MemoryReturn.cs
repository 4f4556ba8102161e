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

    /// <summary>Waves that follow each other sooner are one: each collection stops everybody, and whoever likes may open and close 500 connections again and again.</summary>
    private const long PauseMs = 30_000;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private ITimer? _timer;
    private int _peak;
    private int _last;
    private long _lastReturnMs = long.MinValue / 2;
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
            bool leaving = now < _last - (Wave / 10);
            (_last, _peak) = (now, Math.Max(_peak, now));
            if (leaving || _peak - now < Math.Max(Wave, _peak / 4) || clock.NowMs - _lastReturnMs < PauseMs) return;
            (_peak, _lastReturnMs) = (now, clock.NowMs);
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
