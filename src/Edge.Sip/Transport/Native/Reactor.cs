using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>One thread with its own listener and epoll set: a connection lives and dies here, and nothing on its way waits for another thread.</summary>
/// <remarks>
/// A turn has stages, each for all connections concerned before the next: their sockets are read, what they said is opened, then handled, what is queued for them
/// is sealed, then written (<see cref="TlsWire"/> says why). Then the guests. Other threads post connections and wake it by an eventfd, once, and only while it sleeps.
/// Level-triggered: what was not read is told again, so nothing is lost by reading no more than a record's size of each.
/// </remarks>
internal sealed unsafe class Reactor : IWakeable, IDisposable
{
    /// <summary>Most of <see cref="CutHellos"/>: 200 KB each if they lie.</summary>
    internal const int MostCutHellos = 64;

    /// <summary>Of one TLS record, at most; and read of one connection in one turn, so that no client takes the thread for itself.</summary>
    internal const int RecordBytes = 16_384;

    private const int MostEvents = 256;
    private const int MostAccepts = 64;
    private const int ArenaBytes = 16 * RecordBytes;
    private const int MostSealed = 65_536;
    private const int MostReads = 32;   // before they are answered: a handshake takes half a millisecond, and whoever is in the same round waits for it
    private const int AddressBytes = 28;      // sockaddr_in6, the larger one
    private const int AcceptPauseMs = 100;
    private const int LingerMs = 1_000;
    private const ulong ListenerEvent = ulong.MaxValue;
    private const ulong WakeEvent = ulong.MaxValue - 1;
    private const ulong FirstGuestEvent = ulong.MaxValue - 4_096;   // no connection has so high a place

    private readonly NativeTransport _transport;
    private readonly Socket _listener;
    private readonly int _listenerDescriptor;
    private readonly int _epoll;
    private readonly int _wake;
    private readonly byte* _events;
    private readonly byte* _arena;       // what was read from sockets, one connection's after the other's
    private readonly byte* _plain;       // what was opened of it, likewise
    private readonly int _plainBytes;
    private readonly List<(NativeConnection Connection, int From, int Count)> _reads = [];    // in the arena; or that a socket has ended
    private readonly List<(NativeConnection Connection, int From, int Count)> _opened = [];   // in _plain
    private readonly List<NativeConnection> _turns = [];   // have begun one
    private readonly Thread _thread;
    private readonly Stack<int> _free = new();
    private readonly Queue<(NativeConnection Connection, long DueMs)> _lingering = new();   // each waits equally long: in order of time
    private readonly ConcurrentQueue<IReactorGuest> _invited = new();
    private readonly List<(IReactorGuest? Guest, uint Interest)> _guests = [];
    private int _called;                 // 1: a guest was invited, or has something to do
    private NativeConnection?[] _table = new NativeConnection?[64];
    private int _places;                 // of the table that were ever used
    private int _read;                   // of the arena
    private TransportStage _stage;
    private long _acceptAgainMs;         // 0: accepting
    private NativeConnection? _posted;   // newest first
    private int _asleep;                 // 1 while it waits, or is about to

    /// <param name="transport">Whose connections these are.</param>
    /// <param name="listener">Bound and listening, not blocking; its own from here on.</param>
    /// <param name="number">For the thread's name.</param>
    public Reactor(NativeTransport transport, Socket listener, int number)
    {
        (_transport, _listener, _listenerDescriptor) = (transport, listener, (int)listener.SafeHandle.DangerousGetHandle());
        Linux.SetOption(_listenerDescriptor, Linux.IPPROTO_TCP, Linux.TCP_NODELAY, 1);   // what is accepted inherits both, tcp(7)
        Linux.SetOption(_listenerDescriptor, Linux.IPPROTO_TCP, Linux.TCP_USER_TIMEOUT, transport.Options.UserTimeoutSeconds * 1_000);
        MostUnread = transport.Options.Limits.MessageBytes + RecordBytes;
        _plainBytes = ArenaBytes + MostOpened;
        _epoll = Linux.CreateEpoll();
        _wake = Linux.CreateEvent();
        _events = (byte*)NativeMemory.Alloc((nuint)(MostEvents * Linux.EventBytes));
        _arena = (byte*)NativeMemory.Alloc(ArenaBytes);
        _plain = (byte*)NativeMemory.Alloc((nuint)_plainBytes);
        _thread = new Thread(Run) { IsBackground = true, Name = $"reactor {number}" };
    }

    public SipOptions Options => _transport.Options;

    public IConnectionHandler Handler => _transport.Handler;

    /// <summary>For a guest's read; what was in it is nobody's any more.</summary>
    public Span<byte> Buffer => new(_plain, _plainBytes);

    /// <summary>Under the TLS of its connections.</summary>
    public TlsWire Wire { get; } = new();

    /// <summary>Most bytes of an unfinished message.</summary>
    public int MostUnread { get; }

    /// <summary>Connections whose ClientHello is begun and comes in several records.</summary>
    public int CutHellos { get; set; }

    /// <summary>Connections of this reactor. Read by any thread.</summary>
    public int Count { get; private set; }

    /// <summary>Most bytes that one turn opens of a connection: what it had kept, what OpenSSL had kept of a record, what was read.</summary>
    public int MostOpened => MostUnread + (2 * RecordBytes);

    public void Start() => _thread.Start();

    /// <summary>Waits for its thread, which ends when the transport has ended and the last connection is gone.</summary>
    public void Join() => _thread.Join();

    /// <summary>Gives a connection a turn. From any thread; a connection is posted once at a time.</summary>
    public void Post(NativeConnection connection)
    {
        NativeConnection? first = Volatile.Read(ref _posted);
        while (true)
        {
            connection.NextPosted = first;
            NativeConnection? found = Interlocked.CompareExchange(ref _posted, connection, first);
            if (ReferenceEquals(found, first)) break;
            first = found;
        }

        HeldWakes.Wake(this);
    }

    /// <summary>Takes in a guest, until it is over. From any thread.</summary>
    public void Invite(IReactorGuest guest)
    {
        _invited.Enqueue(guest);
        Call();
    }

    /// <summary>A guest has something to do at the end of this turn, or of one that begins now. From any thread.</summary>
    public void Call()
    {
        Volatile.Write(ref _called, 1);
        HeldWakes.Wake(this);
    }

    /// <summary>Wakes it if it sleeps. The exchange is a full barrier: what was written before is seen by the look before the next sleep, or wakes it.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _asleep, 0) == 0) return;
        ulong one = 1;
        _ = Linux.write(_wake, (byte*)&one, sizeof(ulong));
    }

    /// <summary>What epoll is to tell of a connection.</summary>
    public void Watch(NativeConnection connection, uint interest) =>
        _ = Linux.Control(_epoll, Linux.EPOLL_CTL_MOD, connection.Descriptor, interest, EventOf(connection));

    /// <summary>It is to be gone within a second.</summary>
    public void Linger(NativeConnection connection) => _lingering.Enqueue((connection, Environment.TickCount64 + LingerMs));

    /// <summary>Its socket is closed.</summary>
    public void Closed(NativeConnection connection)
    {
        _table[connection.Slot] = null;
        _free.Push(connection.Slot);
        Count--;
        _transport.Ended(connection);
    }

    /// <summary>Once its thread has ended, or was never started.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _ = Linux.close(_epoll);
        _ = Linux.close(_wake);
        NativeMemory.Free(_events);
        NativeMemory.Free(_arena);
        NativeMemory.Free(_plain);
        Wire.Dispose();
    }

    private void Run()
    {
        Accepting(true);
        _ = Linux.Control(_epoll, Linux.EPOLL_CTL_ADD, _wake, Linux.EPOLLIN, WakeEvent);
        while (true)
        {
            int ready = Wait();
            for (int i = 0; i < ready; i++)
            {
                (uint happened, ulong data) = Linux.Event(_events, i);
                if (data == ListenerEvent) Accept();
                else if (data == WakeEvent) Woken();
                else if (data >= FirstGuestEvent) _guests[(int)(data - FirstGuestEvent)].Guest?.Ready();
                else if (Find(data) is { } connection) Read(connection, happened);
            }

            Handle();
            TakePosted();
            Send();
            PassTime();
            if (_stage != _transport.Stage) Stop(_transport.Stage);
            ServeGuests();
            if (_stage == TransportStage.Ended && Count == 0) break;
        }

        foreach ((IReactorGuest? guest, _) in _guests) guest?.Abandon();
        while (_invited.TryDequeue(out IReactorGuest? guest)) guest.Abandon();
    }

    private void ServeGuests()
    {
        if (Volatile.Read(ref _called) != 0)
        {
            Interlocked.Exchange(ref _called, 0);   // a full barrier: whoever calls after it is heard, and what was written before a call is seen below
            while (_invited.TryDequeue(out IReactorGuest? guest)) TakeIn(guest);
        }

        for (int i = 0; i < _guests.Count; i++)
        {
            (IReactorGuest? guest, uint known) = _guests[i];
            if (guest is null) continue;
            guest.EndTurn();
            if (guest.IsOver)
            {
                _guests[i] = default;
            }
            else if (guest.Interest != known)
            {
                _guests[i] = (guest, guest.Interest);
                _ = Linux.Control(_epoll, Linux.EPOLL_CTL_MOD, guest.Descriptor, guest.Interest, FirstGuestEvent + (ulong)i);
            }
        }
    }

    private void TakeIn(IReactorGuest guest)
    {
        int place = _guests.FindIndex(static taken => taken.Guest is null);
        if (place < 0) _guests.Add(default);
        if (place < 0) place = _guests.Count - 1;
        _guests[place] = (guest, guest.Interest);
        if (!Linux.Control(_epoll, Linux.EPOLL_CTL_ADD, guest.Descriptor, guest.Interest, FirstGuestEvent + (ulong)place)) guest.Abandon();
    }

    /// <summary>Waits for epoll, unless something was posted meanwhile.</summary>
    private int Wait()
    {
        Interlocked.Exchange(ref _asleep, 1);   // before the look, in the eyes of other threads too
        int timeoutMs = Volatile.Read(ref _posted) is not null || Volatile.Read(ref _called) != 0 || _stage != _transport.Stage ? 0 : Timeout();
        int ready = Linux.epoll_wait(_epoll, _events, MostEvents, timeoutMs);
        Volatile.Write(ref _asleep, 0);
        return ready;   // -1: a signal came first
    }

    private int Timeout()
    {
        long due = long.MaxValue;
        if (_acceptAgainMs != 0) due = _acceptAgainMs;
        if (_lingering.TryPeek(out (NativeConnection, long DueMs) first)) due = Math.Min(due, first.DueMs);
        foreach ((IReactorGuest? guest, _) in _guests) due = Math.Min(due, guest?.DueMs ?? long.MaxValue);
        return due == long.MaxValue ? -1 : (int)Math.Max(0, due - Environment.TickCount64);
    }

    private void Woken()
    {
        ulong count;
        _ = Linux.read(_wake, (byte*)&count, sizeof(ulong));
    }

    /// <summary>In the order in which they were posted.</summary>
    private void TakePosted()
    {
        NativeConnection? newest = Interlocked.Exchange(ref _posted, null);
        NativeConnection? oldest = null;
        while (newest is not null)
        {
            NativeConnection? older = newest.NextPosted;
            newest.NextPosted = oldest;
            (oldest, newest) = (newest, older);
        }

        while (oldest is not null)
        {
            NativeConnection connection = oldest;
            (oldest, connection.NextPosted) = (connection.NextPosted, null);
            if (connection.TryBegin(posted: true)) _turns.Add(connection);
        }
    }

    private void Read(NativeConnection connection, uint happened)
    {
        if (_reads.Count == MostReads || _read + RecordBytes > ArenaBytes)
        {
            Handle();
            Send();
        }

        if (!connection.TryBegin(posted: false)) return;
        _turns.Add(connection);
        if (happened == Linux.EPOLLOUT) return;
        int count = (int)Linux.read(connection.Descriptor, _arena + _read, RecordBytes);
        if (count < 0 && Linux.LastError is Linux.EAGAIN or Linux.EINTR) return;
        _reads.Add((connection, _read, count));
        _read += Math.Max(0, count);
    }

    private void Handle()
    {
        for (int first = 0, next; first < _reads.Count; first = next)
        {
            int filled = 0;
            for (next = first; next < _reads.Count && filled < ArenaBytes; next++)
            {
                (NativeConnection connection, int from, int count) = _reads[next];
                int opened = Unseal(connection, from, count, filled);
                if (opened == 0) continue;
                _opened.Add((connection, filled, opened));
                filled += opened;
            }

            foreach ((NativeConnection connection, int from, int count) in _opened) Deliver(connection, from, count);
            _opened.Clear();
        }

        _reads.Clear();
        _read = 0;
    }

#pragma warning disable CA1031 // a fault in one connection's handling must not take the others down
    private int Unseal(NativeConnection connection, int from, int count, int to)
    {
        try
        {
            return connection.Unseal(_arena + from, count, _plain + to);
        }
        catch (Exception fault)
        {
            Wire.Starve();   // what it was fed and what TLS said is not the next one's
            Wire.Clear();
            Failed(connection, fault);
            return 0;
        }
    }

    private void Deliver(NativeConnection connection, int from, int count)
    {
        try
        {
            connection.Deliver(new ReadOnlySpan<byte>(_plain + from, count));
        }
        catch (Exception fault)
        {
            Failed(connection, fault);
        }
    }

    private void Guarded(NativeConnection connection, Action<NativeConnection> stage)
    {
        try
        {
            stage(connection);
        }
        catch (Exception fault)
        {
            Failed(connection, fault);
        }
    }
#pragma warning restore CA1031

    private void Send()
    {
        for (int first = 0, next; first < _turns.Count; first = next)
        {
            for (next = first; next < _turns.Count && Wire.Written < MostSealed; next++) Guarded(_turns[next], static connection => connection.Seal());
            for (int i = first; i < next; i++) Guarded(_turns[i], static connection => connection.Transmit());
            Wire.Clear();
            for (int i = first; i < next; i++) Guarded(_turns[i], static connection => connection.Settle());
        }

        _turns.Clear();
    }

    private void Failed(NativeConnection connection, Exception fault)
    {
        _transport.HandlerFailed(connection, fault);
        connection.End(EndReason.InternalFault);
    }

    private void PassTime()
    {
        if (_acceptAgainMs == 0 && _lingering.Count == 0) return;
        long now = Environment.TickCount64;
        while (_lingering.TryPeek(out (NativeConnection Connection, long DueMs) first) && first.DueMs <= now)
        {
            _lingering.Dequeue();
            first.Connection.GiveUp();
        }

        if (_acceptAgainMs != 0 && _acceptAgainMs <= now) Accepting(_stage == TransportStage.Open);
    }

    private void Stop(TransportStage stage)
    {
        if (_stage == TransportStage.Open)
        {
            Accepting(false);
            _listener.Dispose();
        }

        _stage = stage;
        foreach (NativeConnection? connection in _table.AsSpan(0, _places).ToArray())
        {
            if (stage >= TransportStage.Aborting) connection?.End(EndReason.Stopping);
            else connection?.EndAfterSending(EndReason.Stopping);
        }
    }

    private void Accepting(bool on)
    {
        _acceptAgainMs = 0;
        _ = Linux.Control(_epoll, on ? Linux.EPOLL_CTL_ADD : Linux.EPOLL_CTL_DEL, _listenerDescriptor, Linux.EPOLLIN, ListenerEvent);
    }

    private void Accept()
    {
        byte* address = stackalloc byte[AddressBytes];
        for (int i = 0; i < MostAccepts; i++)
        {
            int descriptor = Linux.Accept(_listenerDescriptor, address);
            if (descriptor >= 0)
            {
                Admit(descriptor, PeerOf(new ReadOnlySpan<byte>(address, AddressBytes)));
                continue;
            }

            int error = Linux.LastError;
            if (error == Linux.EAGAIN) return;
            if (error is Linux.EINTR or Linux.ECONNABORTED) continue;   // gone before it was looked at
            // Out of descriptors or memory: they come back when connections end. Accepting again at once would only burn the CPU they need.
            _transport.AcceptFailed(error);
            Accepting(false);
            _acceptAgainMs = Environment.TickCount64 + AcceptPauseMs;
            return;
        }
    }

    private void Admit(int descriptor, IPEndPoint peer)
    {
        if (!_transport.Admission.TryEnter(peer.Address, out ulong flow))
        {
            _ = Linux.close(descriptor);
            return;
        }

        nint ssl = _transport.Tls.Accept(Wire);
        NativeConnection connection = new(this, descriptor, ssl, flow, peer) { Slot = _free.TryPop(out int slot) ? slot : _places++ };
        if (ssl == 0 || !Linux.Control(_epoll, Linux.EPOLL_CTL_ADD, descriptor, Linux.EPOLLIN, EventOf(connection)))
        {
            if (ssl != 0) OpenSsl.SSL_free(ssl);
            _ = Linux.close(descriptor);
            _free.Push(connection.Slot);
            _transport.Admission.Withdraw(peer.Address);
            return;
        }

        if (connection.Slot >= _table.Length) Array.Resize(ref _table, 2 * _table.Length);
        _table[connection.Slot] = connection;
        Count++;
        Handler.Accepted(connection);
    }

    /// <summary>The place, and enough of the flow to tell a connection from an earlier one whose event was still under way.</summary>
    private static ulong EventOf(NativeConnection connection) => (connection.Flow << 32) | (uint)connection.Slot;

    private NativeConnection? Find(ulong data) => _table[(uint)data] is { } connection && EventOf(connection) == data ? connection : null;

    private static IPEndPoint PeerOf(ReadOnlySpan<byte> address)
    {
        const ushort Inet = 2;   // bits/socket.h; the family is in host order, the port in network order
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        if (MemoryMarshal.Read<ushort>(address) == Inet) return new IPEndPoint(new IPAddress(address.Slice(4, 4)), port);
        IPAddress six = new(address.Slice(8, 16));
        return new IPEndPoint(six.IsIPv4MappedToIPv6 ? six.MapToIPv4() : six, port);
    }
}
