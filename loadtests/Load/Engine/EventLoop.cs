using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Edge.Sip.Transport.Native;

namespace Load.Engine;

/// <summary>What the loop drives.</summary>
internal interface ILoopDriven
{
    /// <summary>A socket of a user has something.</summary>
    void Ready(int user, int generation, uint ready);

    /// <summary>A user's timer has run out; whoever set it knows by the stamp whether it still means anything.</summary>
    void Due(VirtualUser user, TimerKind kind, int stamp);

    /// <summary>Does what is due by now.</summary>
    /// <returns>When it wants to be called next.</returns>
    long Turn(long nowNs);
}

/// <summary>One thread, one epoll set, one heap of timers: all users of a process live on it, so nothing of theirs needs a lock.</summary>
internal sealed unsafe class EventLoop : IDisposable
{
    private const int MostEvents = 32;   // in a turn: a storm of handshakes, half a millisecond each, must not hold up what is due
    private const ulong WakeEvent = ulong.MaxValue;
    private const long LongestWaitNs = 100 * Clock.Millisecond;

    private readonly int _epoll = Linux.CreateEpoll();
    private readonly int _wake = Linux.CreateEvent();
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(MostEvents * Linux.EventBytes));
    private readonly PriorityQueue<Timer, long> _timers = new();
    private readonly ConcurrentQueue<Action> _posted = new();
    private volatile bool _stopped;

    public EventLoop() => _ = Linux.Control(_epoll, Linux.EPOLL_CTL_ADD, _wake, Linux.EPOLLIN, WakeEvent);

    /// <summary>Runs until <see cref="Stop"/>; the caller's thread is the loop's.</summary>
    public void Run(ILoopDriven driven)
    {
        while (!_stopped)
        {
            long next = driven.Turn(Clock.NowNs);
            if (_timers.TryPeek(out _, out long dueNs)) next = Math.Min(next, dueNs);
            long waitNs = _posted.IsEmpty ? Math.Clamp(next - Clock.NowNs, 0, LongestWaitNs) : 0;
            int ready = Sockets.Wait(_epoll, _events, MostEvents, waitNs);
            for (int i = 0; i < ready; i++)
            {
                (uint what, ulong data) = Linux.Event(_events, i);
                if (data == WakeEvent) Woken();
                else driven.Ready((int)(uint)data, (int)(data >> 32), what);
            }

            PassTime(driven);
            while (_posted.TryDequeue(out Action? work)) work();
        }
    }

    /// <summary>Ends it after this turn. From any thread.</summary>
    public void Stop()
    {
        _stopped = true;
        Wake();
    }

    /// <summary>Has the loop's thread do something. From any thread.</summary>
    public void Post(Action work)
    {
        _posted.Enqueue(work);
        Wake();
    }

    /// <summary>Sets a timer of a user.</summary>
    public void After(long ns, VirtualUser user, TimerKind kind, int stamp) => _timers.Enqueue(new Timer(user, kind, stamp, null), Clock.NowNs + ns);

    /// <summary>Does something later.</summary>
    public void After(long ns, Action work) => _timers.Enqueue(new Timer(null, default, 0, work), Clock.NowNs + ns);

    /// <returns>False without memory in the kernel.</returns>
    public bool Add(VirtualUser user, uint interest) => Linux.Control(_epoll, Linux.EPOLL_CTL_ADD, user.Descriptor, user.Interest = interest, DataOf(user));

    public void Watch(VirtualUser user, uint interest)
    {
        if (user.Interest != interest) _ = Linux.Control(_epoll, Linux.EPOLL_CTL_MOD, user.Descriptor, user.Interest = interest, DataOf(user));
    }

    public void Forget(VirtualUser user) => _ = Linux.Control(_epoll, Linux.EPOLL_CTL_DEL, user.Descriptor, 0, 0);

    public void Dispose()
    {
        _ = Linux.close(_epoll);
        _ = Linux.close(_wake);
        NativeMemory.Free(_events);
    }

    private static ulong DataOf(VirtualUser user) => ((ulong)(uint)user.Generation << 32) | (uint)user.Index;

    private void Wake()
    {
        ulong one = 1;
        _ = Linux.write(_wake, (byte*)&one, sizeof(ulong));
    }

    private void Woken()
    {
        ulong count;
        _ = Linux.read(_wake, (byte*)&count, sizeof(ulong));
    }

    private void PassTime(ILoopDriven driven)
    {
        long now = Clock.NowNs;
        while (_timers.TryPeek(out Timer timer, out long dueNs) && dueNs <= now)
        {
            _timers.Dequeue();
            if (timer.User is { } user) driven.Due(user, timer.Kind, timer.Stamp);
            else timer.Work!();
        }
    }

    private readonly record struct Timer(VirtualUser? User, TimerKind Kind, int Stamp, Action? Work);
}

/// <summary>What a user's timer is for.</summary>
internal enum TimerKind : byte
{
    /// <summary>To come online, again or for the first time.</summary>
    Connect,

    Keepalive,
    Refresh,

    /// <summary>A slow reader reads again.</summary>
    ReadOn,
}
