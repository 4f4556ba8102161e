using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Edge.Sip.Parsing;
using Edge.Sip.Transport.Native;

namespace Load.Engine;

/// <summary>What happens on the connections of a fleet. On the loop's thread.</summary>
internal interface IConnectionUser
{
    /// <summary>TLS is up and the server's certificate is good.</summary>
    void Secured(VirtualUser user, bool resumed);

    /// <summary>Bytes came in.</summary>
    /// <returns>How many of them were consumed.</returns>
    int Received(VirtualUser user, ReadOnlySpan<byte> unread);

    /// <summary>The connection ended by itself.</summary>
    /// <param name="why">From a closed set.</param>
    void Ended(VirtualUser user, string why);
}

/// <summary>The connections of all users: OpenSSL over sockets that never block. An idle one holds no buffer.</summary>
internal sealed unsafe class Fleet : IDisposable
{
    /// <summary>Connections from one address of this machine: below the kernel's 28,000 ports.</summary>
    private const int UsersPerAddress = 20_000;

    private const int MostRecords = 16;
    private const int BufferBytes = 65_536;

    private static readonly SipLimits Limits = new();

    private readonly EventLoop _loop;
    private readonly ClientTls _tls;
    private readonly IConnectionUser _owner;
    private readonly byte[] _target;
    private readonly int _family;
    private readonly uint _firstAddress;
    private readonly byte* _in = (byte*)NativeMemory.Alloc(BufferBytes);
    private readonly byte* _out = (byte*)NativeMemory.Alloc(BufferBytes);
    private readonly List<(int Descriptor, nint Ssl)> _abandoned = [];
    private VirtualUser? _inTurn;   // what it sends leaves at the end of its turn, in one record
    private int _outBytes;

    public Fleet(EventLoop loop, ClientTls tls, IPEndPoint target, IConnectionUser owner)
    {
        (_loop, _tls, _owner) = (loop, tls, owner);
        SocketAddress address = target.Serialize();
        _target = address.Buffer[..address.Size].ToArray();
        _family = _target[0];
        _firstAddress = target.AddressFamily == AddressFamily.InterNetwork && IPAddress.IsLoopback(target.Address) ? 0x7F000002u : 0;
    }

    /// <summary>Connections that are open, also those on their way.</summary>
    public int Connections { get; private set; }

    /// <summary>Begins a connection. Its end, or that it is up, is told later.</summary>
    public void Connect(VirtualUser user)
    {
        user.Framer = new SipFramer(Limits);
        user.Descriptor = Sockets.Connect(_target, _family, _firstAddress == 0 ? 0 : _firstAddress + (uint)(user.Index / UsersPerAddress));
        user.State = UserState.Connecting;
        user.Generation++;
        if (user.Descriptor >= 0)
        {
            Connections++;
            if (_loop.Add(user, Linux.EPOLLOUT)) return;
        }

        int generation = user.Generation;
        _loop.After(0, () => { if (user.Generation == generation) Lose(user, "no socket"); });   // not inside the caller's own call
    }

    /// <summary>The socket has something to read, has room again, or is broken.</summary>
    public void Ready(VirtualUser user, uint ready)
    {
        ClientTls.Current = user;
        if (user.State == UserState.Connecting && !BeginTls(user)) return;
        if (user.State == UserState.Handshaking && !Shake(user)) return;
        if ((ready & Linux.EPOLLOUT) != 0 && user.Unsent is not null && !Flush(user)) return;
        if (!user.Paused) Read(user);
    }

    /// <summary>Sends, or keeps what the socket has no room for.</summary>
    public void Send(VirtualUser user, ReadOnlySpan<byte> bytes)
    {
        if (user.Ssl == 0) return;
        if (ReferenceEquals(user, _inTurn) && _outBytes + bytes.Length <= BufferBytes)
        {
            bytes.CopyTo(new Span<byte>(_out + _outBytes, BufferBytes - _outBytes));
            _outBytes += bytes.Length;
            return;
        }

        fixed (byte* first = bytes) Write(user, first, bytes.Length);
    }

    /// <summary>Ends the connection in order; nothing is told.</summary>
    public void Close(VirtualUser user) => Free(user, goodbye: true);

    /// <summary>Ends it as a connection that was lost; that is told.</summary>
    public void Lose(VirtualUser user, string why)
    {
        if (user.State == UserState.Away) return;
        Free(user, goodbye: false);
        _owner.Ended(user, why);
    }

    /// <summary>Leaves the socket open and never looks at it again, as a phone does whose network is gone. The user may have another one.</summary>
    public void Abandon(VirtualUser user)
    {
        if (user.State == UserState.Away) return;
        _loop.Forget(user);
        _abandoned.Add((user.Descriptor, user.Ssl));
        (user.Descriptor, user.Ssl) = (-1, 0);
        Free(user, goodbye: false);
    }

    /// <summary>A slow reader's pause is over.</summary>
    public void ReadOn(VirtualUser user)
    {
        if (user.Ssl == 0 || user.State < UserState.Registering) return;
        ClientTls.Current = user;
        user.Paused = false;
        _loop.Watch(user, Interest(user));
        Read(user);
    }

    public void Dispose()
    {
        foreach ((int descriptor, nint ssl) in _abandoned) Release(descriptor, ssl, goodbye: false);
        NativeMemory.Free(_in);
        NativeMemory.Free(_out);
    }

    private static uint Interest(VirtualUser user) => (user.Paused ? 0 : Linux.EPOLLIN) | (user.Unsent is null ? 0 : Linux.EPOLLOUT);

    private bool BeginTls(VirtualUser user)
    {
        if (Linux.ErrorOf(user.Descriptor) is not 0 and int error)
        {
            Lose(user, error == 111 ? "connection refused" : "cannot connect");
            return false;
        }

        user.Ssl = _tls.Open(user.Descriptor, user.Resumes ? user.Session : 0);
        if (user.Ssl == 0)
        {
            Lose(user, "no memory for TLS");
            return false;
        }

        user.State = UserState.Handshaking;
        return true;
    }

    private bool Shake(VirtualUser user)
    {
        int result = OpenSsl.SSL_do_handshake(user.Ssl);
        if (result != 1)
        {
            switch (OpenSsl.SSL_get_error(user.Ssl, result))
            {
                case OpenSsl.SSL_ERROR_WANT_READ:
                    _loop.Watch(user, Linux.EPOLLIN);
                    break;
                case OpenSsl.SSL_ERROR_WANT_WRITE:
                    _loop.Watch(user, Linux.EPOLLIN | Linux.EPOLLOUT);
                    break;
                default:
                    bool untrusted = OpenSsl.SSL_get_verify_result(user.Ssl) != OpenSsl.X509_V_OK;
                    OpenSsl.ERR_clear_error();
                    Lose(user, untrusted ? "certificate not trusted" : "TLS handshake failed");
                    break;
            }

            return false;
        }

        user.State = UserState.Registering;
        _loop.Watch(user, Linux.EPOLLIN);
        _owner.Secured(user, ClientSsl.SSL_session_reused(user.Ssl) == 1);
        return user.Ssl != 0;
    }

    private void Read(VirtualUser user)
    {
        int generation = user.Generation;
        (_inTurn, _outBytes) = (user, 0);
        string? end = null;
        bool again = true;
        for (int records = 0; again && end is null && records < MostRecords; records++)
        {
            int read = OpenSsl.SSL_read(user.Ssl, _in + user.UnreadBytes, BufferBytes - user.UnreadBytes);
            if (read <= 0)
            {
                end = WhyStopped(user, read);
                again = false;
                break;
            }

            bool whole = Take(user, read);
            if (user.Generation != generation) break;   // its owner has closed it
            if (!whole) end = "not SIP";
            again = OpenSsl.SSL_has_pending(user.Ssl) != 0;   // what OpenSSL holds epoll does not tell of
            if (user.ReadPauseNs > 0)
            {
                Pause(user);
                again = false;
            }
        }

        _inTurn = null;
        if (user.Generation != generation) return;
        if (_outBytes > 0) Write(user, _out, _outBytes);
        if (end is not null) Lose(user, end);
        else if (again) _loop.After(0, () => { if (user.Generation == generation && !user.Paused) Ready(user, 0); });
    }

    private bool Take(VirtualUser user, int read)
    {
        if (user.Unread is not null) user.Unread.AsSpan(0, user.UnreadBytes).CopyTo(new Span<byte>(_in, BufferBytes));
        int filled = user.UnreadBytes + read;
        int generation = user.Generation;
        int left = filled - _owner.Received(user, new ReadOnlySpan<byte>(_in, filled));
        if (user.Generation != generation) return true;
        if (left > BufferBytes / 2) return false;   // more than any message may have
        if (left == 0 || user.Unread is null || user.Unread.Length < left)
        {
            Return(ref user.Unread);
            if (left > 0) user.Unread = ArrayPool<byte>.Shared.Rent(left);
        }

        new Span<byte>(_in + filled - left, left).CopyTo(user.Unread);
        user.UnreadBytes = left;
        return true;
    }

    private void Pause(VirtualUser user)
    {
        user.Paused = true;
        _loop.Watch(user, Interest(user));
        _loop.After(user.ReadPauseNs, user, TimerKind.ReadOn, user.Generation);
    }

    private void Write(VirtualUser user, byte* bytes, int count)
    {
        int sent = 0;
        while (user.Unsent is null && sent < count)
        {
            int written = OpenSsl.SSL_write(user.Ssl, bytes + sent, count - sent);
            if (written > 0)
            {
                sent += written;
                continue;
            }

            if (WhyStopped(user, written) is { } why)
            {
                int generation = user.Generation;
                _loop.After(0, () => { if (user.Generation == generation) Lose(user, why); });   // whoever sends is not ready for its end
                return;
            }

            break;
        }

        if (sent < count) Keep(user, new ReadOnlySpan<byte>(bytes + sent, count - sent));
    }

    private void Keep(VirtualUser user, ReadOnlySpan<byte> bytes)
    {
        if (user.Unsent is null)
        {
            user.Unsent = ArrayPool<byte>.Shared.Rent(Math.Max(1_024, bytes.Length));
            user.UnsentStart = user.UnsentEnd = 0;
        }
        else if (user.Unsent.Length - user.UnsentEnd < bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((2 * (user.UnsentEnd - user.UnsentStart)) + bytes.Length);
            user.Unsent.AsSpan(user.UnsentStart, user.UnsentEnd - user.UnsentStart).CopyTo(larger);
            (user.UnsentStart, user.UnsentEnd) = (0, user.UnsentEnd - user.UnsentStart);
            ArrayPool<byte>.Shared.Return(user.Unsent);
            user.Unsent = larger;
        }

        bytes.CopyTo(user.Unsent.AsSpan(user.UnsentEnd));
        user.UnsentEnd += bytes.Length;
        _loop.Watch(user, Interest(user));
    }

    private bool Flush(VirtualUser user)
    {
        fixed (byte* bytes = user.Unsent)
        {
            while (user.UnsentStart < user.UnsentEnd)
            {
                int written = OpenSsl.SSL_write(user.Ssl, bytes + user.UnsentStart, user.UnsentEnd - user.UnsentStart);
                if (written <= 0)
                {
                    if (WhyStopped(user, written) is not { } why) return true;
                    Lose(user, why);
                    return false;
                }

                user.UnsentStart += written;
            }
        }

        Return(ref user.Unsent);
        _loop.Watch(user, Interest(user));
        return true;
    }

    /// <returns>Null if it only waits for the socket.</returns>
    private static string? WhyStopped(VirtualUser user, int result)
    {
        switch (OpenSsl.SSL_get_error(user.Ssl, result))
        {
            case OpenSsl.SSL_ERROR_WANT_READ or OpenSsl.SSL_ERROR_WANT_WRITE:
                return null;
            case OpenSsl.SSL_ERROR_ZERO_RETURN:
                return "closed by the server";
            default:
                OpenSsl.ERR_clear_error();
                return "connection broken";
        }
    }

    private void Free(VirtualUser user, bool goodbye)
    {
        if (user.State == UserState.Away) return;
        if (ReferenceEquals(user, _inTurn) && goodbye && _outBytes > 0)
        {
            Write(user, _out, _outBytes);
            _outBytes = 0;
        }

        bool open = user.State >= UserState.Registering && goodbye;
        Release(user.Descriptor, user.Ssl, open);
        (user.Descriptor, user.Ssl, user.State) = (-1, 0, UserState.Away);
        (user.UnreadBytes, user.Paused, user.AwaitsPong) = (0, false, false);
        user.Generation++;
        Return(ref user.Unread);
        Return(ref user.Unsent);
        Connections--;
    }

    private static void Release(int descriptor, nint ssl, bool goodbye)
    {
        if (ssl != 0)
        {
            if (goodbye) _ = OpenSsl.SSL_shutdown(ssl);
            OpenSsl.ERR_clear_error();
            OpenSsl.SSL_free(ssl);
        }

        if (descriptor >= 0) _ = Linux.close(descriptor);
    }

    private static void Return(ref byte[]? buffer)
    {
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }
}
