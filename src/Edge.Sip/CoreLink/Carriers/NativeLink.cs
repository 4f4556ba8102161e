using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Edge.Link.V1;
using Edge.Sip.Transport.Native;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>One stream to a core over a connection of its own: TCP, TLS and <see cref="Http2Call"/>, on one reactor.</summary>
/// <remarks>
/// Whatever a turn of the reactor brings leaves in one write: at its end, or with the next turns', <see cref="Pace"/> after the last one began.
/// Only the reactor's thread touches what is not marked; any thread may say that there is something to write, or that it is to end.
/// </remarks>
internal sealed unsafe class NativeLink : IReactorGuest
{
    /// <summary>Most bytes of batches that wait for the core to read: beyond, events stay in their queue, which has its own bound.</summary>
    private const int MostUnsent = 262_144;

    /// <summary>Records taken in one turn: clients are not to wait for a page of everything.</summary>
    private const int MostRecords = 16;

    /// <summary>From one write of events to the next, unless there was a pause: each wakes the core, whatever it carries (docs/adr/0017).</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(3);

    private readonly Reactor _reactor;
    private readonly ILinkTraffic _traffic;
    private readonly Uri _endpoint;
    private readonly LinkTls _tls;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ArrayBufferWriter<byte> _sending = new(16_384);   // frames on their way into TLS
    private Http2Call? _call;
    private Phase _phase = Phase.Connecting;
    private nint _ssl;
    private List<EdgeEvent>? _taken;   // from the queue, and not all of them in the call: there was no room
    private int _written;              // of these
    private int _sent;
    private long _lastWrite;               // of events; a timestamp of Stopwatch
    private long _dueMs = long.MaxValue;   // on the reactor's clock: what is queued waits until then
    private bool _wantsRoom;
    private bool _begun;      // Welcome is here
    private bool _readAgain;  // its turn ended before its bytes did
    private bool _hadTurn;    // in this turn of the reactor

    // Of any thread
    private int _queued;
    private volatile bool _ending;

    private NativeLink(int descriptor, Uri endpoint, LinkTls tls, Reactor reactor, ILinkTraffic traffic) =>
        (Descriptor, _endpoint, _tls, _reactor, _traffic) = (descriptor, endpoint, tls, reactor, traffic);

    private enum Phase
    {
        Connecting,
        Handshake,
        Open,
        Over,
    }

    public int Descriptor { get; }

    public uint Interest => (_phase == Phase.Connecting ? 0 : Linux.EPOLLIN) | (_wantsRoom || _phase == Phase.Connecting ? Linux.EPOLLOUT : 0);

    public long DueMs => _readAgain ? 0 : _wantsRoom ? long.MaxValue : _dueMs;

    public bool IsOver => _phase == Phase.Over;

    /// <summary>Whether TCP was there.</summary>
    public bool WasConnected { get; private set; }

    /// <summary>Ends with the stream: well if the core closed it, else with why.</summary>
    public Task Over => _over.Task;

    /// <summary>Begins to connect.</summary>
    /// <exception cref="IOException">No socket is left, or there is no way there.</exception>
    public static NativeLink Connect(IPEndPoint core, Uri endpoint, LinkTls tls, Reactor reactor, ILinkTraffic traffic) => new(Linux.Connect(core), endpoint, tls, reactor, traffic);

    /// <summary>The reactor carries it from here on: at any moment the core may be there and <see cref="Write"/> be called.</summary>
    public void Begin() => _reactor.Invite(this);

    /// <summary>Something is queued.</summary>
    public void Write()
    {
        Volatile.Write(ref _queued, 1);
        _reactor.Call();
    }

    /// <summary>Ends it without waiting for the core.</summary>
    public void End()
    {
        _ending = true;
        _reactor.Call();
    }

    public void Ready() => Guarded(static link =>
    {
        link._wantsRoom = link._readAgain = false;
        link._hadTurn = true;
        if (link._phase == Phase.Connecting) link.Connected();
        if (link._phase == Phase.Handshake) link.Shake();
        if (link._phase == Phase.Open) link.Read();
    });

    public void EndTurn()
    {
        if (_phase == Phase.Over) return;
        if (_readAgain && !_hadTurn) Ready();   // epoll does not know of what OpenSSL holds
        _hadTurn = false;
        Guarded(static link =>
        {
            if (link._ending) link.Cancel();
            else if (link._phase == Phase.Open && !link._wantsRoom && link.IsTime()) link.Send();
        });
    }

    /// <summary>Whether what is queued may leave; the reactor comes again when it may. What HTTP/2 says by itself never waits longer than that.</summary>
    private bool IsTime()
    {
        _dueMs = long.MaxValue;
        if (_taken is null && Volatile.Read(ref _queued) == 0) return true;
        TimeSpan rest = Pace - Stopwatch.GetElapsedTime(_lastWrite);
        if (rest <= TimeSpan.Zero) return true;
        _dueMs = Environment.TickCount64 + (long)Math.Ceiling(rest.TotalMilliseconds);
        return false;
    }

    public void Abandon() => Close(new OperationCanceledException("the edge stops"));

    private void Guarded(Action<NativeLink> work)
    {
        try
        {
            if (_phase != Phase.Over) work(this);
        }
#pragma warning disable CA1031 // whatever went wrong with one link ends it, and not the reactor
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Close(fault);
        }
    }

    private void Connected()
    {
        int error = Linux.ErrorOf(Descriptor);
        if (error != 0) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        WasConnected = true;
        Linux.SetOption(Descriptor, Linux.IPPROTO_TCP, Linux.TCP_NODELAY, 1);
        _ssl = _tls.Connect(Descriptor, _endpoint.IdnHost);
        _phase = Phase.Handshake;
    }

    private void Shake()
    {
        int result = OpenSsl.SSL_do_handshake(_ssl);
        if (result != 1)
        {
            _ = Stopped(result);
            return;
        }

        if (!LinkTls.IsCore(_ssl)) throw new IOException(CoreRole.Refusal);
        byte* protocol;
        uint bytes;
        OpenSsl.SSL_get0_alpn_selected(_ssl, &protocol, &bytes);
        if (!new ReadOnlySpan<byte>(protocol, (int)bytes).SequenceEqual("h2"u8)) throw new IOException("the core does not speak HTTP/2");
        _call = new Http2Call(_endpoint.HostNameType == UriHostNameType.Dns ? $"{_endpoint.IdnHost}:{_endpoint.Port}" : _endpoint.Authority);
        _phase = Phase.Open;
        List<EdgeEvent> hello = [new EdgeEvent { Hello = _traffic.Hello() }];
        _ = Queue(hello, 0);
    }

    private void Read()
    {
        for (int records = 0; records < MostRecords; records++)
        {
            Span<byte> buffer = _reactor.Buffer;
            fixed (byte* bytes = buffer)
            {
                int read = OpenSsl.SSL_read(_ssl, bytes, buffer.Length);
                if (read <= 0)
                {
                    if (!Stopped(read)) throw _call!.Outcome() ?? new IOException("the core closed the connection");
                    return;
                }

                _call!.Receive(buffer[..read]);
            }

            while (_call.TryTake(out ReadOnlySpan<byte> message)) Take(message);
            if (_call.IsOver)
            {
                Close(_call.Outcome());
                return;
            }

            if (OpenSsl.SSL_has_pending(_ssl) == 0) return;
        }

        _readAgain = true;
    }

    private void Take(ReadOnlySpan<byte> batch)
    {
        if (_begun)
        {
            _traffic.Take(batch);
            return;
        }

        _begun = true;
        _traffic.Begin(ConnectResponse.Parser.ParseFrom(batch));
    }

    private void Send()
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            while (_call!.Unsent < MostUnsent && TakeQueued() is { } events)
            {
                _lastWrite = began;
                _written += Queue(events, _written);
                _traffic.BatchWritten();
                if (_written < events.Count) continue;
                (_taken, _written) = (null, 0);
                _traffic.Written(events);
            }

            bool more = Flush();
            if (_call.IsOver) Close(_call.Outcome());   // it broke the rules, which the library has told it just now, or has said goodbye
            if (!more || _phase == Phase.Over || (_taken is null && Volatile.Read(ref _queued) == 0)) return;
        }
    }

    private List<EdgeEvent>? TakeQueued()
    {
        if (_taken is not null || Volatile.Read(ref _queued) == 0) return _taken;
        Volatile.Write(ref _queued, 0);   // before the look: what is queued after it says so again
        _taken = _traffic.TakeQueued();
        if (_taken is not null) Volatile.Write(ref _queued, 1);
        return _taken;
    }

    /// <summary>Puts one batch into the call.</summary>
    /// <returns>How many events it has.</returns>
    private int Queue(List<EdgeEvent> events, int from)
    {
        (int count, int bytes) = LinkBatch.Fit(events, from);
        LinkBatch.Write(events, from, count, _call!.Reserve(LinkBatch.PrefixBytes + bytes));
        return count;
    }

    /// <returns>Whether all that the core has a window for is written; else the socket is full.</returns>
    private bool Flush()
    {
        while (true)
        {
            if (_sending.WrittenCount == 0 && !_call!.Frames(_sending)) return _call.Unsent < MostUnsent;
            fixed (byte* bytes = _sending.WrittenSpan)
            {
                while (_sent < _sending.WrittenCount)
                {
                    int written = OpenSsl.SSL_write(_ssl, bytes + _sent, _sending.WrittenCount - _sent);
                    if (written <= 0)
                    {
                        if (!Stopped(written)) throw new IOException("the core closed the connection");
                        return false;
                    }

                    _sent += written;
                }
            }

            _sending.ResetWrittenCount();
            _sent = 0;
        }
    }

    /// <summary>A call on the SSL did not do it.</summary>
    /// <returns>Whether it waits for the socket; false: the core has closed.</returns>
    private bool Stopped(int result)
    {
        switch (OpenSsl.SSL_get_error(_ssl, result))
        {
            case OpenSsl.SSL_ERROR_WANT_READ:
                return true;
            case OpenSsl.SSL_ERROR_WANT_WRITE:
                return _wantsRoom = true;
            case OpenSsl.SSL_ERROR_ZERO_RETURN:
                return false;
            default:
                string why = WhyBroken();
                OpenSsl.SSL_free(_ssl);   // nothing else may be done with it
                _ssl = 0;
                throw new IOException(why);
        }
    }

    private string WhyBroken()
    {
        nint verdict = OpenSsl.SSL_get_verify_result(_ssl);
        nint text = verdict != OpenSsl.X509_V_OK ? OpenSsl.X509_verify_cert_error_string(verdict) : OpenSsl.ERR_reason_error_string(OpenSsl.ERR_get_error());
        OpenSsl.ERR_clear_error();
        return Marshal.PtrToStringUTF8(text) is not { } reason ? "the connection was reset" : verdict != OpenSsl.X509_V_OK ? $"the core's certificate is refused: {reason}" : reason;
    }

    private void Cancel()
    {
        if (_phase == Phase.Open)
        {
            _call!.Cancel();
            _ = Flush();   // as far as the socket has room
        }

        Close(new OperationCanceledException());
    }

    private void Close(Exception? why)
    {
        if (_phase == Phase.Over) return;
        if (_ssl != 0)
        {
            if (_phase == Phase.Open) _ = OpenSsl.SSL_shutdown(_ssl);
            OpenSsl.ERR_clear_error();
            OpenSsl.SSL_free(_ssl);
            _ssl = 0;
        }

        _phase = Phase.Over;
        _ = Linux.close(Descriptor);   // leaves the epoll set with it
        _call?.Free();
        if (why is null) _over.TrySetResult();
        else _over.TrySetException(why);
    }
}
