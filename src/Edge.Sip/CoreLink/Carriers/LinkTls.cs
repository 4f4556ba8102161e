using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Edge.Sip.Transport;
using Edge.Sip.Transport.Native;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>What links to cores are made from, where OpenSSL is called directly: the edge's certificate, and the link's authorities alone.</summary>
internal sealed class LinkTls : SslContext
{
    /// <param name="own">Shown to cores.</param>
    /// <param name="authorities">Those that sign themselves are trusted; the others lead to them.</param>
    /// <exception cref="CryptographicException">OpenSSL does not take them.</exception>
    public LinkTls(ServerCertificate own, X509Certificate2Collection authorities)
        : base(OpenSsl.TLS_client_method(), own, TlsSuite.Allowed)
    {
        _ = OpenSsl.SSL_CTX_set_options(handle, OpenSsl.SSL_OP_NO_COMPRESSION | OpenSsl.SSL_OP_NO_RENEGOTIATION);
        _ = Control(OpenSsl.SSL_CTRL_MODE, OpenSsl.SSL_MODE_ENABLE_PARTIAL_WRITE | OpenSsl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        nint store = OpenSsl.SSL_CTX_get_cert_store(handle);
        foreach (X509Certificate2 authority in authorities) Check(OpenSsl.X509_STORE_add_cert(store, authority.Handle) == 1);
        OpenSsl.SSL_CTX_set_verify(handle, OpenSsl.SSL_VERIFY_PEER, 0);
    }

    /// <summary>A connection in connect state over a socket, to a host by name or address, which its certificate must have; HTTP/2 is asked for (RFC 7301).</summary>
    /// <returns>The <c>SSL</c>, to be freed by its owner.</returns>
    /// <exception cref="CryptographicException">OpenSSL does not take the name, or has no memory.</exception>
    public unsafe nint Connect(int descriptor, string host)
    {
        nint ssl = Open();
        Check(ssl != 0);
        bool made = false;
        try
        {
            Check(OpenSsl.SSL_set_fd(ssl, descriptor) == 1);
            if (IPAddress.TryParse(host, out _)) Check(OpenSsl.X509_VERIFY_PARAM_set1_ip_asc(OpenSsl.SSL_get0_param(ssl), host) == 1);
            else Name(ssl, host);
            fixed (byte* protocols = "\u0002h2"u8) Check(OpenSsl.SSL_set_alpn_protos(ssl, protocols, 3) == 0);
            OpenSsl.SSL_set_connect_state(ssl);
            made = true;
            return ssl;
        }
        finally
        {
            if (!made) OpenSsl.SSL_free(ssl);
        }
    }

    /// <summary>Whether the peer, after the handshake, has shown the certificate of a core.</summary>
    public static bool IsCore(nint ssl)
    {
        nint shown = OpenSsl.SSL_get0_peer_certificate(ssl);
        if (shown == 0) return false;
        using X509Certificate2 certificate = new(shown);   // a reference of its own
        bool proven = CoreRole.IsIn(certificate);
        OpenSsl.ERR_clear_error();   // .NET's calls share the thread's queue
        return proven;
    }

    private static unsafe void Name(nint ssl, string host)
    {
        Check(OpenSsl.SSL_set1_host(ssl, host) == 1);
        nint text = Marshal.StringToCoTaskMemUTF8(host);
        try
        {
            Check(OpenSsl.SSL_ctrl(ssl, OpenSsl.SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, text) == 1);   // copied; type 0: a host name (RFC 6066 §3)
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }
}
