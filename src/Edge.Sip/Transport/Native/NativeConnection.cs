using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>A connection of one reactor: OpenSSL over a socket that never blocks.</summary>
/// <remarks>
/// Only the reactor's thread touches TLS and the socket. Any thread may queue bytes or ask for the end: under the gate, and the reactor is told once until
/// it has looked. While idle it holds no buffer, neither of ours nor of OpenSSL's.
/// </remarks>
internal sealed unsafe class NativeConnection(Reactor reactor, int descriptor, nint ssl, ulong flow, IPEndPoint peer) : Connection(flow, peer)
{
    /// <summary>Records taken in one turn: one client that sends without end leaves room for the others.</summary>
    private const int MostRecords = 16;

    private Phase _phase = Phase.Handshake;
    private uint _interest = Linux.EPOLLIN;
    private bool _helloRead;           // the next step of the handshake is most likely its last
    private bool _helloCut;            // a ClientHello in several records is begun
    private bool _corked;
    private bool _wantsRoom;           // TLS itself has something to write and the socket is full
    private bool _leaving;             // its last second runs
    private bool _broken;              // nothing can be said over TLS any more
    private byte[]? _unread;           // the beginning of a message whose rest has not come
    private int _unreadBytes;
    private byte[]? _sending;          // taken from the queue, not all of it written yet
    private int _sent;
    private int _toSend;

    // Under the gate, except that the reactor alone sets _readAgain
    private byte[]? _queued;
    private int _queuedBytes;
    private bool _linked;              // in the list of what was posted
    private bool _inTurn;              // the reactor is at it and settles at the end
    private bool _readAgain;           // its turn ended before its bytes did
    private bool _closing;             // nothing more is queued; close_notify when all is written
    private bool _aborted;             // closed without more words

    private enum Phase
    {
        Handshake,
        Open,
        /// <summary>close_notify is said; the peer's end is awaited, so that no reset overtakes the last answer.</summary>
        Lingering,
        Closed,
    }

    /// <summary>The place in the reactor's table.</summary>
    public int Slot { get; init; }

    /// <summary>The next one that the reactor was told of.</summary>
    public NativeConnection? NextPosted { get; set; }

    public int Descriptor => descriptor;

    public override (string Version, string CipherSuite) Tls =>
        (Text(OpenSsl.SSL_get_version(ssl)), Text(OpenSsl.SSL_CIPHER_standard_name(OpenSsl.SSL_get_current_cipher(ssl))));

    public override void Send(ReadOnlySpan<byte> bytes)
    {
        bool post;
        lock (Gate)
        {
            if (_closing || Reason != EndReason.None) return;
            if (_queuedBytes + _toSend + bytes.Length > MostQueued(reactor.Options))
            {
                _ = TryEnd(EndReason.SlowReader);
                _aborted = true;
            }
            else
            {
                MakeRoom(bytes.Length);
                bytes.CopyTo(_queued.AsSpan(_queuedBytes));
                _queuedBytes += bytes.Length;
            }

            post = MustPost();
        }

        if (post) reactor.Post(this);
    }

    public override void End(EndReason reason)
    {
        bool post;
        lock (Gate)
        {
            _ = TryEnd(reason);
            _aborted = true;
            post = MustPost();
        }

        if (post) reactor.Post(this);
    }

    public override void EndAfterSending(EndReason reason)
    {
        bool post;
        lock (Gate)
        {
            if (!TryEnd(reason)) return;
            _closing = true;
            post = MustPost();
        }

        if (post) reactor.Post(this);
    }

    /// <summary>The socket has something to read, has room again, or is broken.</summary>
    public void Ready()
    {
        lock (Gate) _inTurn = true;   // whatever the handler sends goes out at the end of the turn
        _wantsRoom = false;
        if (_phase == Phase.Handshake ? Shake() : _phase == Phase.Open) Read();
        if (_phase == Phase.Lingering) Discard();
        Settle();
    }

    /// <summary>It was posted.</summary>
    public void Posted()
    {
        bool read;
        lock (Gate) (_linked, read, _readAgain) = (false, _readAgain, false);
        if (read) Ready();
        else Settle();
    }

    /// <summary>Carries out what was asked for: writes what is queued, ends what is to end.</summary>
    public void Settle()
    {
        if (_phase == Phase.Closed) return;
        bool closing;
        bool aborted;
        bool post;
        lock (Gate)
        {
            _inTurn = false;
            (closing, aborted) = (_closing, _aborted);
            if (_sending is null) TakeQueue();
            post = _readAgain && MustPost();
        }

        if (post) reactor.Post(this);

        while (!aborted && _sending is not null && Write())
        {
            lock (Gate)
            {
                aborted = _aborted;
                TakeQueue();
            }
        }

        if (closing && !_leaving)
        {
            _leaving = true;
            reactor.Linger(this);   // counts from now: the peer may not read at all
        }

        if (aborted || _broken) Close();
        else if (closing && _sending is null && _phase != Phase.Lingering) SayGoodbye();
        else Watch();
    }

    /// <summary>The time for lingering is over.</summary>
    public void GiveUp()
    {
        if (_phase != Phase.Closed) Close();
    }

    private bool MustPost()
    {
        if (_linked || _inTurn) return false;
        _linked = true;
        return true;
    }

    private void MakeRoom(int bytes)
    {
        if (_queued is null)
        {
            _queued = ArrayPool<byte>.Shared.Rent(Math.Max(bytes, 1_024));
        }
        else if (_queued.Length - _queuedBytes < bytes)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _queued.Length, _queuedBytes + bytes));
            _queued.AsSpan(0, _queuedBytes).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_queued);
            _queued = larger;
        }
    }

    private void TakeQueue()
    {
        (_sending, _sent, _toSend) = (_queued, 0, _queuedBytes);
        (_queued, _queuedBytes) = (null, 0);
    }

    /// <returns>Whether it is done and the first request is there already; else epoll tells when it is.</returns>
    private bool Shake()
    {
        if (_helloRead) Cork(true);
        int result = OpenSsl.SSL_do_handshake(ssl);
        // With TLS 1.3 the client waits for nothing but the ticket, which may leave with the answer to its first request: one packet fewer.
        if (_corked && (result != 1 || OpenSsl.SSL_version(ssl) != OpenSsl.TLS1_3_VERSION)) Cork(false);
        if (result != 1)
        {
            _helloRead = true;
            Stopped(result, EndReason.HandshakeFailed);
            HelloCut(OpenSsl.AwaitsRestOfHello(ssl));
            return false;
        }

        HelloCut(false);
        _phase = Phase.Open;
        reactor.Handler.Secured(this);
        return OpenSsl.SSL_has_pending(ssl) != 0;
    }

    /// <summary>Whether a ClientHello is begun that comes in several records, which clients do not make: few of them have room, for it is as much as they say.</summary>
    private void HelloCut(bool isCut)
    {
        if (isCut == _helloCut) return;
        _helloCut = isCut;
        reactor.CutHellos += isCut ? 1 : -1;
        if (reactor.CutHellos > Reactor.MostCutHellos) End(EndReason.HandshakeFailed);
    }

    /// <summary>Whether what is written waits for more (tcp(7)): for a fifth of a second at most, and not longer than the connection.</summary>
    private void Cork(bool on)
    {
        _corked = on;
        Linux.SetOption(descriptor, Linux.IPPROTO_TCP, Linux.TCP_CORK, on ? 1 : 0);
    }

    private void Read()
    {
        for (int records = 0; records < MostRecords && Reason == EndReason.None; records++)
        {
            Span<byte> buffer = reactor.Buffer;
            int read;
            fixed (byte* free = buffer[_unreadBytes..]) read = OpenSsl.SSL_read(ssl, free, buffer.Length - _unreadBytes);
            if (read <= 0)
            {
                Stopped(read, EndReason.Broken);
                return;
            }

            Take(buffer, read);
            // What OpenSSL holds back epoll does not tell of; without any, asking the socket again would only cost a call.
            if (OpenSsl.SSL_has_pending(ssl) == 0) return;
        }

        _readAgain = true;
    }

    private void Take(Span<byte> buffer, int read)
    {
        if (_unread is not null) _unread.AsSpan(0, _unreadBytes).CopyTo(buffer);
        int filled = _unreadBytes + read;
        int left = filled - reactor.Handler.Received(this, buffer[..filled]);
        if (_unread is not null && left == 0)
        {
            ArrayPool<byte>.Shared.Return(_unread);
            _unread = null;
        }
        else if (left > 0 && (_unread is null || _unread.Length < left))
        {
            if (_unread is not null) ArrayPool<byte>.Shared.Return(_unread);
            if (left > reactor.MostUnread) throw new InvalidOperationException("the framer asks for more than a message may have");
            _unread = ArrayPool<byte>.Shared.Rent(left);
        }

        buffer[(filled - left)..filled].CopyTo(_unread);
        _unreadBytes = left;
    }

    /// <returns>Whether all of it is written; else the socket is full or broken.</returns>
    private bool Write()
    {
        if (_phase == Phase.Handshake) return false;   // what is queued waits for it
        fixed (byte* bytes = _sending)
        {
            while (_sent < _toSend)
            {
                int written = OpenSsl.SSL_write(ssl, bytes + _sent, _toSend - _sent);
                if (written <= 0)
                {
                    Stopped(written, EndReason.Broken);
                    return false;
                }

                _sent += written;
            }
        }

        if (_corked) Cork(false);

        ArrayPool<byte>.Shared.Return(_sending!);
        (_sending, _sent, _toSend) = (null, 0, 0);
        return true;
    }

    /// <summary>A call on the SSL did not do it: it waits for the socket, or this is the end.</summary>
    private void Stopped(int result, EndReason otherwise)
    {
        switch (OpenSsl.SSL_get_error(ssl, result))
        {
            case OpenSsl.SSL_ERROR_WANT_READ:
                break;
            case OpenSsl.SSL_ERROR_WANT_WRITE:
                _wantsRoom = true;
                break;
            case OpenSsl.SSL_ERROR_ZERO_RETURN:
                End(IdleRecords.AreTooMany(ssl) ? EndReason.IdleRecords : EndReason.PeerClosed);
                break;
            default:
                OpenSsl.ERR_clear_error();
                _broken = true;
                End(otherwise);
                break;
        }
    }

    private void SayGoodbye()
    {
        if (_phase == Phase.Handshake || OpenSsl.SSL_shutdown(ssl) < 0)
        {
            OpenSsl.ERR_clear_error();
            Close();
            return;
        }

        _phase = Phase.Lingering;
        _ = Linux.shutdown(descriptor, Linux.SHUT_WR);
        Watch();
    }

    private void Discard()
    {
        Span<byte> buffer = reactor.Buffer;
        fixed (byte* bytes = buffer)
        {
            nint read = Linux.read(descriptor, bytes, buffer.Length);
            // Less than everything: level-triggered epoll comes again, also with the end.
            if (read == 0 || (read < 0 && Linux.LastError != Linux.EAGAIN)) Close();
        }
    }

    private void Watch()
    {
        bool wantsRoom = _wantsRoom || (_sending is not null && _phase == Phase.Open);
        bool reads = !_leaving || _phase != Phase.Open;   // what comes in before the goodbye is out is not looked at
        uint interest = (reads ? Linux.EPOLLIN : 0) | (wantsRoom ? Linux.EPOLLOUT : 0);
        if (interest == _interest) return;
        _interest = interest;
        reactor.Watch(this, interest);
    }

    private void Close()
    {
        if (_phase == Phase.Open && !_broken) _ = OpenSsl.SSL_shutdown(ssl);   // as far as the socket has room
        _phase = Phase.Closed;
        HelloCut(false);
        OpenSsl.ERR_clear_error();
        OpenSsl.SSL_free(ssl);
        _ = Linux.close(descriptor);   // leaves the epoll set with it
        _ = TryEnd(EndReason.Broken);   // from here on nothing is queued
        lock (Gate)
        {
            Return(ref _queued);
            _queuedBytes = 0;
        }

        Return(ref _unread);
        Return(ref _sending);
        reactor.Closed(this);
    }

    /// <summary>A text of OpenSSL's; empty for none.</summary>
    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? string.Empty;

    private static void Return(ref byte[]? buffer)
    {
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }
}
