using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Edge.Sip.Transport.Native;

namespace Load.Engine;

/// <summary>An <c>SSL_CTX</c> of clients: every user checks the server's certificate and its name, as phones do.</summary>
internal sealed unsafe class ClientTls : IDisposable
{
    /// <summary>Whose call into OpenSSL runs just now: OpenSSL tells of a session in the middle of it.</summary>
    [ThreadStatic]
    internal static VirtualUser? Current;

    private readonly string _serverNameText;
    private readonly byte[] _serverName;   // with a zero at its end
    private nint _context;

    /// <param name="authorityFile">PEM; null: those that the system trusts.</param>
    /// <param name="serverName">What the certificate must carry.</param>
    /// <param name="keepSessions">Whether users keep their sessions, so that they can come back with a short handshake.</param>
    /// <exception cref="CryptographicException">OpenSSL does not take them.</exception>
    public ClientTls(string? authorityFile, string serverName, bool keepSessions)
    {
        _serverNameText = serverName;
        _serverName = Encoding.ASCII.GetBytes(serverName + "\0");
        _context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_client_method());
        Check(_context != 0, "OpenSSL makes no context");
        _ = Control(OpenSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, OpenSsl.TLS1_2_VERSION);
        _ = Control(OpenSsl.SSL_CTRL_MODE, OpenSsl.SSL_MODE_RELEASE_BUFFERS | OpenSsl.SSL_MODE_ENABLE_PARTIAL_WRITE | OpenSsl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        _ = Control(OpenSsl.SSL_CTRL_SET_READ_AHEAD, 1);   // a record is one read(2), not two
        _ = Control(OpenSsl.SSL_CTRL_SET_SESS_CACHE_MODE, keepSessions ? ClientSsl.SSL_SESS_CACHE_CLIENT | ClientSsl.SSL_SESS_CACHE_NO_INTERNAL : OpenSsl.SSL_SESS_CACHE_OFF);
        if (keepSessions) ClientSsl.SSL_CTX_sess_set_new_cb(_context, &Keep);
        _ = OpenSsl.SSL_CTX_set_options(_context, OpenSsl.SSL_OP_IGNORE_UNEXPECTED_EOF | OpenSsl.SSL_OP_NO_COMPRESSION | OpenSsl.SSL_OP_NO_RENEGOTIATION);
        OpenSsl.SSL_CTX_set_verify(_context, OpenSsl.SSL_VERIFY_PEER, 0);
        if (authorityFile is null) Check(ClientSsl.SSL_CTX_set_default_verify_paths(_context) == 1, "the system's authorities cannot be read");
        else Check(ClientSsl.SSL_CTX_load_verify_file(_context, authorityFile) == 1, $"{authorityFile} holds no certificate");
    }

    /// <summary>A connection in connect state over a socket.</summary>
    /// <param name="session">One to resume; 0 for a full handshake.</param>
    /// <returns>The <c>SSL</c>; 0 without memory.</returns>
    public nint Open(int descriptor, nint session)
    {
        nint ssl = OpenSsl.SSL_new(_context);
        if (ssl == 0) return 0;
        fixed (byte* name = _serverName)
        {
            _ = OpenSsl.SSL_ctrl(ssl, OpenSsl.SSL_CTRL_SET_TLSEXT_HOSTNAME, ClientSsl.TLSEXT_NAMETYPE_host_name, (nint)name);
        }

        _ = OpenSsl.SSL_set1_host(ssl, _serverNameText);
        if (session != 0) _ = ClientSsl.SSL_set_session(ssl, session);
        _ = OpenSsl.SSL_set_fd(ssl, descriptor);
        OpenSsl.SSL_set_connect_state(ssl);
        return ssl;
    }

    public void Dispose()
    {
        OpenSsl.SSL_CTX_free(_context);
        _context = 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Keep(nint ssl, nint session)
    {
        if (Current is not { } user) return 0;
        if (user.Session != 0) ClientSsl.SSL_SESSION_free(user.Session);
        user.Session = session;
        return 1;
    }

    private nint Control(int command, nint number) => OpenSsl.SSL_CTX_ctrl(_context, command, number, 0);

    private static void Check(bool succeeded, string otherwise)
    {
        if (succeeded) return;
        OpenSsl.ERR_clear_error();
        throw new CryptographicException(otherwise);
    }
}
