using System.Net.Sockets;
using System.Runtime.InteropServices;
using Edge.Sip.Transport.Native;

namespace Edge.Sip.Tests.Harness;

/// <summary>A TLS 1.3 client that can ask for new keys (RFC 8446 §4.6.3), which .NET's has no call for. Its calls block.</summary>
internal sealed unsafe partial class KeyUpdatePeer : IDisposable
{
    private readonly Socket _socket;
    private readonly nint _context;
    private readonly nint _ssl;

    public KeyUpdatePeer(int port)
    {
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect("127.0.0.1", port);
        _context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_client_method());
        _ssl = OpenSsl.SSL_new(_context);
        Assert.Equal(1, OpenSsl.SSL_set_fd(_ssl, (int)_socket.Handle));
        OpenSsl.SSL_set_connect_state(_ssl);
        Assert.Equal(1, OpenSsl.SSL_do_handshake(_ssl));
        Assert.Equal(OpenSsl.TLS1_3_VERSION, OpenSsl.SSL_version(_ssl));
    }

    /// <param name="both">The edge is to answer with new keys of its own.</param>
    /// <returns>Whether it could be written.</returns>
    public bool UpdateKeys(bool both = false) => SSL_key_update(_ssl, both ? 1 : 0) == 1 && OpenSsl.SSL_do_handshake(_ssl) == 1;

    /// <summary>Writes and reads the beginning of what is answered.</summary>
    public string Ask(ReadOnlySpan<byte> request)
    {
        byte* answer = stackalloc byte[1_024];
        fixed (byte* bytes = request) Assert.Equal(request.Length, OpenSsl.SSL_write(_ssl, bytes, request.Length));
        int read = OpenSsl.SSL_read(_ssl, answer, 1_024);
        return read <= 0 ? string.Empty : System.Text.Encoding.ASCII.GetString(answer, read);
    }

    public void Dispose()
    {
        OpenSsl.SSL_free(_ssl);
        OpenSsl.SSL_CTX_free(_context);
        OpenSsl.ERR_clear_error();
        _socket.Dispose();
    }

    [LibraryImport("libssl.so.3")]
    private static partial int SSL_key_update(nint ssl, int kind);
}
