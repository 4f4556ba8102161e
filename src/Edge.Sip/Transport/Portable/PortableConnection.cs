using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Edge.Sip.Transport.Portable;

/// <summary>A connection carried by <see cref="SslStream"/> over a socket: one task reads it, whoever sends first writes it.</summary>
/// <remarks>While it is idle it holds no buffer of ours: reading begins with zero bytes, and a buffer is rented when something is there.</remarks>
#pragma warning disable CA1001 // RunAsync disposes socket and stream when the connection's life is over
internal sealed class PortableConnection : Connection, IThreadPoolWorkItem
#pragma warning restore CA1001
{
    private const int ReadBytes = 4_096;
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly SslStream _tls;
    private readonly PortableTransport _transport;

    private readonly Lock _outgoing = new();   // taken inside Gate or alone; nothing is taken inside it
    private byte[]? _queued;
    private int _queuedBytes;
    private bool _writing;   // a task is in DrainAsync or on its way there
    private bool _inTurn;    // the handler runs: what it sends goes out when it returns
    private bool _closing;   // close_notify when the queue is empty

    public PortableConnection(PortableTransport transport, Socket socket, IPEndPoint peer, ulong flow)
        : base(flow, peer)
    {
        _transport = transport;
        _socket = socket;
        _tls = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
    }

    public override (string Version, string CipherSuite) Tls =>
        (_tls.SslProtocol == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2", _tls.NegotiatedCipherSuite.ToString());   // nothing else is offered

    /// <summary>The life of the connection; ends when it has.</summary>
    public async Task RunAsync()
    {
        byte[]? buffer = null;
        bool secured = false;
        try
        {
            await _tls.AuthenticateAsServerAsync(_transport.TlsOptions, CancellationToken.None).ConfigureAwait(false);
            secured = true;
            _transport.Handler.Secured(this);
            int filled = 0;
            while (true)
            {
                if (buffer is null)
                {
                    _ = await _tls.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                    buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
                }
                else if (filled == buffer.Length)
                {
                    buffer = Grow(buffer, filled);
                }

                int read = await _tls.ReadAsync(buffer.AsMemory(filled)).ConfigureAwait(false);
                if (read == 0)
                {
                    _ = TryEnd(EndReason.PeerClosed);
                    break;
                }

                filled = Reason == EndReason.None ? Take(buffer, filled + read) : 0;   // after the end only the peer's close is awaited
                if (filled != 0) continue;
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = null;
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException or AuthenticationException or InvalidOperationException)
        {
            _ = TryEnd(secured ? EndReason.Broken : EndReason.HandshakeFailed);
        }
#pragma warning disable CA1031 // a fault in one connection's handling must not take the process down
        catch (Exception fault)
        {
            _ = TryEnd(EndReason.InternalFault);
            _transport.HandlerFailed(this, fault);
        }
#pragma warning restore CA1031
        finally
        {
            if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
            _socket.Dispose();
            await _tls.DisposeAsync().ConfigureAwait(false);
            _transport.Ended(this);
        }
    }

    public override void Send(ReadOnlySpan<byte> bytes)
    {
        bool start = false;
        bool overflow;
        lock (_outgoing)
        {
            if (_closing || Reason != EndReason.None) return;
            overflow = _queuedBytes + bytes.Length > MostQueued(_transport.Options);
            if (!overflow)
            {
                MakeRoom(bytes.Length);
                bytes.CopyTo(_queued.AsSpan(_queuedBytes));
                _queuedBytes += bytes.Length;
                start = !_writing && !_inTurn;
                _writing |= start;
            }
        }

        if (overflow) End(EndReason.SlowReader);
        else if (start) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);   // not on the caller: encrypting is the dear part
    }

    public override void End(EndReason reason)
    {
        _ = TryEnd(reason);
        _socket.Dispose();   // wakes the reader, which does the rest
    }

    public override void EndAfterSending(EndReason reason)
    {
        if (!TryEnd(reason)) return;
        bool start;
        lock (_outgoing)
        {
            _closing = true;
            start = !_writing && !_inTurn;
            _writing |= start;
        }

        if (start) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        _ = CloseLaterAsync();
    }

    void IThreadPoolWorkItem.Execute() => _ = DrainAsync();

    private int Take(byte[] buffer, int filled)
    {
        lock (_outgoing) _inTurn = true;
        int consumed;
        try
        {
            consumed = _transport.Handler.Received(this, buffer.AsSpan(0, filled));
        }
        finally
        {
            bool start;
            lock (_outgoing)
            {
                _inTurn = false;
                start = !_writing && (_queuedBytes > 0 || _closing);
                _writing |= start;
            }

            if (start) _ = DrainAsync();
        }

        if (consumed == 0) return filled;
        buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
        return filled - consumed;
    }

    private byte[] Grow(byte[] buffer, int filled)
    {
        int most = _transport.Options.Limits.MessageBytes + ReadBytes;
        if (filled >= most) throw new InvalidOperationException("the framer asks for more than a message may have");
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(2 * buffer.Length, most));
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
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

    /// <summary>Writes until nothing is queued: one TLS write takes all that piled up during the last one.</summary>
    private async Task DrainAsync()
    {
        try
        {
            while (true)
            {
                byte[] bytes;
                int count;
                lock (_outgoing)
                {
                    if (_queuedBytes == 0)
                    {
                        if (_closing) break;   // _writing stays: nothing is written behind the close_notify
                        _writing = false;
                        return;
                    }

                    bytes = _queued!;
                    count = _queuedBytes;
                    _queued = null;
                    _queuedBytes = 0;
                }

                try
                {
                    await _tls.WriteAsync(bytes.AsMemory(0, count)).ConfigureAwait(false);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(bytes);
                }
            }

            await _tls.ShutdownAsync().ConfigureAwait(false);
            _socket.Shutdown(SocketShutdown.Send);   // the peer's close is read, so that no reset overtakes the last answer
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException or InvalidOperationException or NotSupportedException)
        {
            End(EndReason.Broken);
        }
    }

    private async Task CloseLaterAsync()
    {
        await Task.Delay(Linger).ConfigureAwait(false);
        _socket.Dispose();
    }
}
