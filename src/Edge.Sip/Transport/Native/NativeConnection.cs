using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>A connection of one reactor: OpenSSL over the reactor's <see cref="TlsWire"/>, and a socket that never blocks.</summary>
/// <remarks>
/// Only the reactor's thread touches TLS and the socket. Any thread may queue bytes or ask for the end: under the gate, and the reactor is told once until
/// it has looked. While idle it holds no buffer, neither of ours nor of OpenSSL's.
/// A turn: <see cref="TryBegin"/>, then <see cref="Unseal"/> what the reactor has read, <see cref="Deliver"/> it to the handler, <see cref="Seal"/> what is queued, <see cref="Transmit"/>
/// it, <see cref="Settle"/>.
/// The reactor does each with all connections that have a turn before it does the next.
/// </remarks>
internal sealed unsafe class NativeConnection(Reactor reactor, int descriptor, nint ssl, ulong flow, IPEndPoint peer) : Connection(flow, peer)
{
    private Phase _phase = Phase.Handshake;
    private uint _interest = Linux.EPOLLIN;
    private bool _helloRead;           // the next step of the handshake is most likely its last
    private bool _helloCut;            // a ClientHello in several records is begun
    private bool _corked;
    private bool _leaving;             // its last second runs
    private bool _broken;              // nothing can be said over TLS any more
    private bool _goodbyeSaid;         // close_notify: once
    private EndReason _endsAs;         // once what was opened before is handled
    private byte[]? _unread;           // the beginning of a message whose rest has not come
    private int _unreadBytes;
    private int _sealedFrom;           // of the reactor's wire: what this turn has sealed
    private int _sealedBytes;
    private byte[]? _unsent;           // sealed, and the socket was full
    private int _sent;                 // of it

    // Under the gate
    private int _unsentBytes;
    private byte[]? _queued;
    private int _queuedBytes;
    private bool _linked;              // in the list of what was posted
    private bool _inTurn;              // the reactor is at it and settles at the end
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
            if (_queuedBytes + _unsentBytes + bytes.Length > MostQueued(reactor.Options))
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

    /// <summary>It has a turn: whatever the handler sends meanwhile goes out at the end of it.</summary>
    /// <param name="posted">Because it was posted, not because of its socket.</param>
    /// <returns>Whether it has none yet.</returns>
    public bool TryBegin(bool posted)
    {
        lock (Gate)
        {
            if (posted) _linked = false;
            if (_inTurn || _phase == Phase.Closed) return false;
            _inTurn = true;
            return true;
        }
    }

    /// <summary>Opens what was read from the socket.</summary>
    /// <param name="bytes">Sealed, at most <see cref="Reactor.RecordBytes"/>.</param>
    /// <param name="count">0: the peer has closed. Less: the connection is broken.</param>
    /// <param name="plain">Where it goes, behind the beginning of a message that waits for it; as much as <see cref="Reactor.MostOpened"/>.</param>
    /// <returns>Bytes there.</returns>
    public int Unseal(byte* bytes, int count, byte* plain)
    {
        if (_phase == Phase.Lingering && count <= 0) Close();
        if (_phase is Phase.Closed or Phase.Lingering) return 0;

        if (count <= 0)
        {
            if (count == 0) End(EndReason.PeerClosed);
            else End(Broken());
            return 0;
        }

        reactor.Wire.Feed(bytes, count);
        int opened = _phase == Phase.Open || Shake() ? Read(plain) : 0;
        reactor.Wire.Starve();
        SendAside();
        if (opened == 0 && _endsAs != EndReason.None) End(_endsAs);
        return opened;
    }

    /// <summary>Tells the handler of what was opened, and keeps what is not yet a whole message.</summary>
    public void Deliver(ReadOnlySpan<byte> plain)
    {
        int left = plain.Length - reactor.Handler.Received(this, plain);
        if (_unread is not null && left == 0)
        {
            Return(ref _unread);
        }
        else if (left > 0 && (_unread is null || _unread.Length < left))
        {
            if (left > reactor.MostUnread) throw new InvalidOperationException("the framer asks for more than a message may have");
            Return(ref _unread);
            _unread = ArrayPool<byte>.Shared.Rent(left);
        }

        plain[^left..].CopyTo(_unread);
        _unreadBytes = left;
        if (_endsAs != EndReason.None) End(_endsAs);   // said behind it: an answer counts, even if it is a client's last word
    }

    /// <summary>Seals what is queued, onto the reactor's wire.</summary>
    public void Seal()
    {
        (_sealedFrom, _sealedBytes) = (reactor.Wire.Written, 0);
        if (_unsent is not null) SendRest();
        if (_phase != Phase.Open || OpenSsl.SSL_in_init(ssl) != 0)   // within a key update whose rest has not come TLS would read before it writes
        {
            lock (Gate) _inTurn = false;
            return;
        }

        byte[]? queued = null;
        int bytes = 0;
        lock (Gate)
        {
            _inTurn = false;
            if (_unsent is null && !_aborted && !_broken) (queued, bytes, _queued, _queuedBytes) = (_queued, _queuedBytes, null, 0);
        }

        if (queued is null) return;
        int written;
        fixed (byte* plain = queued) written = OpenSsl.SSL_write(ssl, plain, bytes);
        ArrayPool<byte>.Shared.Return(queued);
        if (written != bytes) End(Broken());
        _sealedBytes = reactor.Wire.Written - _sealedFrom;
    }

    /// <summary>Writes to the socket what was sealed.</summary>
    public void Transmit()
    {
        if (_sealedBytes == 0 || _phase == Phase.Closed) return;
        Send(reactor.Wire.Output + _sealedFrom, _sealedBytes);
        if (_corked) Cork(false);
    }

    /// <summary>Ends what is to end.</summary>
    public void Settle()
    {
        if (_phase == Phase.Closed) return;
        bool closing;
        bool aborted;
        bool silent;
        lock (Gate) (closing, aborted, silent) = (_closing, _aborted, _queued is null && _unsent is null);
        if (closing && !_leaving)
        {
            _leaving = true;
            reactor.Linger(this);   // counts from now: the peer may not read at all
        }

        if (aborted || _broken) Close();
        else if (closing && silent && _phase != Phase.Lingering) SayGoodbye();
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

    /// <returns>Whether it is done; else epoll tells when there is more.</returns>
    private bool Shake()
    {
        if (_helloRead) Cork(true);
        int result = OpenSsl.SSL_do_handshake(ssl);
        SendAside();
        // With TLS 1.3 the client waits for nothing but the ticket, which may leave with the answer to its first request: one packet fewer.
        if (_corked && (result != 1 || OpenSsl.SSL_version(ssl) != OpenSsl.TLS1_3_VERSION)) Cork(false);
        if (result != 1)
        {
            _helloRead = true;
            if (Stopped(result) is var reason and not EndReason.None) End(reason);
            HelloCut(OpenSsl.AwaitsRestOfHello(ssl));
            return false;
        }

        HelloCut(false);
        _phase = Phase.Open;
        reactor.Handler.Secured(this);
        return true;   // the first request may be there already
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

    private int Read(byte* plain)
    {
        _unread.AsSpan(0, _unreadBytes).CopyTo(new Span<byte>(plain, _unreadBytes));
        int opened = _unreadBytes;
        while (Reason == EndReason.None)
        {
            int read = OpenSsl.SSL_read(ssl, plain + opened, reactor.MostOpened - opened);
            if (read <= 0)
            {
                _endsAs = Stopped(read);
                break;
            }

            opened += read;
            // What was read from the socket and not handed out epoll does not tell of; without any, asking again would only cost a call.
            if (reactor.Wire.Unread == 0 && OpenSsl.SSL_has_pending(ssl) == 0) break;
        }

        return opened > _unreadBytes ? opened : 0;
    }

    /// <summary>Writes what TLS says by itself: the handshake, answers to key updates, alerts, its end. The wire holds nothing else just then.</summary>
    private void SendAside()
    {
        int written = reactor.Wire.Written;
        if (written == 0) return;
        Send(reactor.Wire.Output, written);
        reactor.Wire.Clear();
    }

    /// <summary>To the socket, or behind what waits for it.</summary>
    private void Send(byte* bytes, int count)
    {
        int written = _unsent is null ? Write(bytes, count) : 0;
        if (written < count && !_broken) Keep(new ReadOnlySpan<byte>(bytes + written, count - written));
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        lock (Gate)
        {
            int waiting = _unsentBytes;   // these begin at _sent
            if (waiting > 0 && waiting + rest.Length > MostQueued(reactor.Options))   // one who makes TLS answer and does not read
            {
                _ = TryEnd(EndReason.SlowReader);
                _aborted = true;
                return;
            }

            byte[] kept = ArrayPool<byte>.Shared.Rent(waiting + rest.Length);
            _unsent.AsSpan(_sent, waiting).CopyTo(kept);
            rest.CopyTo(kept.AsSpan(waiting));
            Return(ref _unsent);
            (_unsent, _sent, _unsentBytes) = (kept, 0, waiting + rest.Length);
        }
    }

    /// <summary>The socket may have room again.</summary>
    private void SendRest()
    {
        int written;
        fixed (byte* rest = _unsent) written = Write(rest + _sent, _unsentBytes);
        lock (Gate)
        {
            _sent += written;
            _unsentBytes -= written;
            if (_unsentBytes > 0) return;
            Return(ref _unsent);
            _sent = 0;
        }

        if (_phase == Phase.Lingering) _ = Linux.shutdown(descriptor, Linux.SHUT_WR);
    }

    /// <returns>Bytes that the socket had room for.</returns>
    private int Write(byte* bytes, int count)
    {
        nint written = Linux.write(descriptor, bytes, count);
        if (written >= 0) return (int)written;
        if (Linux.LastError is not (Linux.EAGAIN or Linux.EINTR)) End(Broken());
        return 0;
    }

    /// <summary>A call on the SSL did not do it.</summary>
    /// <returns>Why the connection ends; <see cref="EndReason.None"/> if it waits for more.</returns>
    private EndReason Stopped(int result) => OpenSsl.SSL_get_error(ssl, result) switch
    {
        OpenSsl.SSL_ERROR_WANT_READ => EndReason.None,
        OpenSsl.SSL_ERROR_ZERO_RETURN => IdleRecords.AreTooMany(ssl) ? EndReason.IdleRecords : EndReason.PeerClosed,
        _ => Broken(),
    };

    /// <summary>Nothing more is said over TLS.</summary>
    /// <returns>Why the connection ends.</returns>
    private EndReason Broken()
    {
        OpenSsl.ERR_clear_error();
        _broken = true;
        return _phase == Phase.Handshake ? EndReason.HandshakeFailed : EndReason.Broken;
    }

    private void SayGoodbye()
    {
        if (_phase == Phase.Handshake || !TrySayCloseNotify())
        {
            Close();
            return;
        }

        _phase = Phase.Lingering;
        if (_unsent is null) _ = Linux.shutdown(descriptor, Linux.SHUT_WR);   // else once the socket has room
        Watch();
    }

    private bool TrySayCloseNotify()
    {
        if (_goodbyeSaid || _broken) return false;
        _goodbyeSaid = true;
        bool said = OpenSsl.SSL_shutdown(ssl) >= 0;
        if (!said) OpenSsl.ERR_clear_error();
        SendAside();
        return said && !_broken;
    }

    private void Watch()
    {
        bool reads = !_leaving || _phase != Phase.Open;   // what comes in before the goodbye is out is not looked at
        uint interest = (reads ? Linux.EPOLLIN : 0) | (_unsent is not null ? Linux.EPOLLOUT : 0);
        if (interest == _interest) return;
        _interest = interest;
        reactor.Watch(this, interest);
    }

    private void Close()
    {
        if (_phase == Phase.Open && _unsent is null) _ = TrySayCloseNotify();   // as far as the socket has room
        _phase = Phase.Closed;
        HelloCut(false);
        OpenSsl.ERR_clear_error();
        OpenSsl.SSL_free(ssl);
        _ = Linux.close(descriptor);   // leaves the epoll set with it
        _ = TryEnd(EndReason.Broken);   // from here on nothing is queued
        lock (Gate)
        {
            Return(ref _queued);
            Return(ref _unsent);
            (_queuedBytes, _unsentBytes) = (0, 0);
        }

        Return(ref _unread);
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
