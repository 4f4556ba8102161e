using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Edge.Sip.Transport.Native;

/// <summary>What clients' connections are made from.</summary>
internal sealed class TlsContext : SslContext
{
    /// <summary>A ticket's life: with keys of this hour and the last every ticket opens as long.</summary>
    private const nint TicketSeconds = 3_600;

    /// <param name="certificate">Leaf with key, and chain.</param>
    /// <param name="suites">What is offered.</param>
    /// <param name="tickets">A handle of <see cref="SessionTickets"/>, which must outlive every connection made from this.</param>
    /// <exception cref="CryptographicException">OpenSSL does not take them.</exception>
    public unsafe TlsContext(ServerCertificate certificate, IReadOnlyList<TlsSuite> suites, GCHandle tickets)
        : base(OpenSsl.TLS_server_method(), certificate, suites)
    {
        _ = OpenSsl.SSL_CTX_set_options(
            handle,
            OpenSsl.SSL_OP_NO_COMPRESSION | OpenSsl.SSL_OP_NO_RENEGOTIATION | OpenSsl.SSL_OP_CIPHER_SERVER_PREFERENCE | OpenSsl.SSL_OP_PRIORITIZE_CHACHA);
        _ = Control(OpenSsl.SSL_CTRL_MODE, OpenSsl.SSL_MODE_RELEASE_BUFFERS);
        Check(OpenSsl.SSL_CTX_set_num_tickets(handle, 1) == 1);   // early data stays off: it can be replayed (RFC 8446 §8); sessions live in the clients' tickets
        _ = OpenSsl.SSL_CTX_set_timeout(handle, TicketSeconds);
        Check(OpenSsl.SSL_CTX_set_ex_data(handle, OpenSsl.AppData, GCHandle.ToIntPtr(tickets)) == 1);
        OpenSsl.SSL_CTX_set_msg_callback(handle, IdleRecords.Callback);
        Check(OpenSsl.SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, TicketSealing.Callback) == 1);
    }

    /// <summary>A connection in accept state over a reactor's wire.</summary>
    /// <returns>The <c>SSL</c>, to be freed by its owner; 0 without memory.</returns>
    public nint Accept(TlsWire wire)
    {
        nint ssl = Open();
        if (ssl == 0) return 0;
        nint bio = wire.CreateBio();
        if (bio == 0)
        {
            OpenSsl.SSL_free(ssl);
            return 0;
        }

        OpenSsl.SSL_set_bio(ssl, bio, bio);
        OpenSsl.SSL_set_accept_state(ssl);
        return ssl;
    }
}
