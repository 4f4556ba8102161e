using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>OpenSSL 3 (any 3.x), called without a layer between. Names are OpenSSL's own: each call's rules stand on its manual page of section 3.</summary>
/// <remarks>
/// Three rules hold for all of them.
/// The error queue belongs to the thread, and SSL_get_error(3) tells the truth only if it was empty before the call: whoever sees a call fail empties it
/// with <see cref="ERR_clear_error"/>, and nothing else on a reactor's thread uses OpenSSL.
/// An <c>SSL</c> is used by one thread at a time: its reactor's. An <c>SSL_CTX</c> is not changed once connections are made from it.
/// After SSL_ERROR_SSL and SSL_ERROR_SYSCALL an <c>SSL</c> may only be freed.
/// Calls that only look at a field are made without telling the garbage collector (<see cref="SuppressGCTransitionAttribute"/>); those that compute or make
/// system calls are not.
/// </remarks>
internal static unsafe partial class OpenSsl
{
    public const int SSL_ERROR_SSL = 1;
    public const int SSL_ERROR_WANT_READ = 2;
    public const int SSL_ERROR_WANT_WRITE = 3;
    public const int SSL_ERROR_ZERO_RETURN = 6;

    public const int SSL_CTRL_MODE = 33;
    public const int SSL_CTRL_SET_READ_AHEAD = 41;
    public const int SSL_CTRL_SET_SESS_CACHE_MODE = 44;
    public const int SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
    public const int SSL_CTRL_CHAIN_CERT = 89;
    public const int SSL_CTRL_SET_GROUPS_LIST = 92;
    public const int SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
    public const int SSL_CTRL_SET_MAX_PROTO_VERSION = 124;

    public const int SSL_VERIFY_PEER = 1;
    public const int X509_V_OK = 0;

    public const int SSL_SESS_CACHE_OFF = 0;
    public const int TLS1_2_VERSION = 0x0303;
    public const int TLS1_3_VERSION = 0x0304;

    /// <summary>What the message callback is told of: the five bytes in front of a record, and the type within one of TLS 1.3.</summary>
    public const int SSL3_RT_HEADER = 0x100;

    /// <inheritdoc cref="SSL3_RT_HEADER"/>
    public const int SSL3_RT_INNER_CONTENT_TYPE = 0x101;

    public const int SSL3_RT_APPLICATION_DATA = 23;
    public const int SSL_RECEIVED_SHUTDOWN = 2;

    /// <summary>SSL_write returns once one record is out.</summary>
    public const nint SSL_MODE_ENABLE_PARTIAL_WRITE = 0x1;

    /// <summary>A write that had to wait is repeated with the same bytes, wherever they lie then.</summary>
    public const nint SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 0x2;

    /// <summary>Two buffers of 17 KB a connection are given back while it is idle.</summary>
    public const nint SSL_MODE_RELEASE_BUFFERS = 0x10;

    /// <summary>A peer that closes TCP without close_notify has closed: SIP messages say themselves where they end. For sockets; a reactor sees that end itself.</summary>
    public const ulong SSL_OP_IGNORE_UNEXPECTED_EOF = 1UL << 7;

    public const ulong SSL_OP_NO_COMPRESSION = 1UL << 17;

    /// <summary>The server's order of suites counts, but a client that prefers ChaCha20 gets it: it has no AES in hardware.</summary>
    public const ulong SSL_OP_PRIORITIZE_CHACHA = 1UL << 21;

    public const ulong SSL_OP_CIPHER_SERVER_PREFERENCE = 1UL << 22;

    public const ulong SSL_OP_NO_RENEGOTIATION = 1UL << 30;

    public const int BIO_TYPE_SOURCE_SINK = 0x0400;
    public const int BIO_FLAGS_READ = 0x01;
    public const int BIO_FLAGS_SHOULD_RETRY = 0x08;
    public const int BIO_CTRL_FLUSH = 11;

    /// <summary>The index of ex_data that is the application's (SSL_CTX_set_app_data).</summary>
    public const int AppData = 0;

    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";

    [LibraryImport(Ssl)]
    public static partial nint TLS_server_method();

    [LibraryImport(Ssl)]
    public static partial nint TLS_client_method();

    [LibraryImport(Ssl)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Ssl)]
    public static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Ssl)]
    public static partial ulong SSL_CTX_set_options(nint context, ulong options);

    /// <summary>How many tickets a full TLS 1.3 handshake issues.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_set_num_tickets(nint context, nuint tickets);

    /// <summary>TLS 1.2 suites, by OpenSSL's names, colons between.</summary>
    /// <returns>1, or 0 if none of them is known.</returns>
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(nint context, string suites);

    /// <summary>TLS 1.3 suites, colons between.</summary>
    /// <returns>1, or 0 if one of them is not known.</returns>
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_ciphersuites(nint context, string suites);

    /// <summary>How long a session may be resumed.</summary>
    /// <returns>The time before, seconds.</returns>
    [LibraryImport(Ssl)]
    public static partial nint SSL_CTX_set_timeout(nint context, nint seconds);

    /// <summary>Who makes cipher and MAC of tickets ready, in place of keys of the context's own.</summary>
    /// <returns>1.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_set_tlsext_ticket_key_evp_cb(nint context, delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint, nint, int, int> callback);

    /// <returns>1, or 0 without memory.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_set_ex_data(nint context, int index, nint data);

    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_CTX_get_ex_data(nint context, int index);

    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_get_SSL_CTX(nint ssl);

    /// <returns>1, or 0 without memory.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_set_ex_data(nint ssl, int index, nint data);

    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_get_ex_data(nint ssl, int index);

    /// <summary>Who is told of each record and of each message of the protocol, within the call that reads or writes it.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_set_msg_callback(nint context, delegate* unmanaged[Cdecl]<int, int, int, byte*, nuint, nint, nint, void> callback);

    /// <summary>What has been said of the end: with <see cref="SSL_RECEIVED_SHUTDOWN"/> nothing more is read.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_set_shutdown(nint ssl, int mode);

    /// <returns>Where the handshake is: four letters that live as long as the library.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial byte* SSL_state_string(nint ssl);

    /// <returns>An EVP_CIPHER; 0 if there is none of this name.</returns>
    [LibraryImport(Crypto, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_CIPHER_fetch(nint library, string name, string? properties);

    /// <param name="encrypts">1, or 0.</param>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Crypto)]
    public static partial int EVP_CipherInit_ex2(nint context, nint cipher, byte* key, byte* iv, int encrypts, nint parameters);

    /// <returns>1, or 0.</returns>
    [LibraryImport(Crypto)]
    public static partial int EVP_MAC_init(nint context, byte* key, nuint keyBytes, OsslParam* parameters);

    /// <returns>1, or less.</returns>
    [LibraryImport(Crypto)]
    public static partial int RAND_bytes(byte* bytes, int count);

    /// <summary>Takes a reference of its own.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_use_certificate(nint context, nint certificate);

    /// <inheritdoc cref="SSL_CTX_use_certificate"/>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_use_PrivateKey(nint context, nint key);

    /// <returns>1 if the key is the certificate's.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_check_private_key(nint context);

    /// <returns>0 without memory.</returns>
    [LibraryImport(Ssl)]
    public static partial nint SSL_new(nint context);

    /// <summary>Frees it and its BIO. A descriptor stays open: SSL_set_fd sets BIO_NOCLOSE.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_free(nint ssl);

    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_set_fd(nint ssl, int descriptor);

    /// <summary>For reading and writing; takes over the one reference.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_set_bio(nint ssl, nint reads, nint writes);

    [LibraryImport(Ssl)]
    public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Ssl)]
    public static partial void SSL_set_connect_state(nint ssl);

    /// <summary>A peer whose certificate does not lead to the context's authorities, or has not the name expected, fails the handshake.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    /// <returns>The context's own X509_STORE.</returns>
    [LibraryImport(Ssl)]
    public static partial nint SSL_CTX_get_cert_store(nint context);

    /// <summary>Takes a reference of its own.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Crypto)]
    public static partial int X509_STORE_add_cert(nint store, nint certificate);

    /// <summary>The name that the peer's certificate must have.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_set1_host(nint ssl, string host);

    [LibraryImport(Ssl)]
    public static partial nint SSL_get0_param(nint ssl);

    /// <summary>The address that the peer's certificate must have.</summary>
    /// <returns>1, or 0 if it is none.</returns>
    [LibraryImport(Crypto, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int X509_VERIFY_PARAM_set1_ip_asc(nint parameters, string address);

    /// <returns>The X509 of the peer, the SSL's own; 0 without one. From 3.0 on.</returns>
    [LibraryImport(Ssl)]
    public static partial nint SSL_get0_peer_certificate(nint ssl);

    /// <returns>X509_V_OK, or what is wrong with the peer's certificate.</returns>
    [LibraryImport(Ssl)]
    public static partial nint SSL_get_verify_result(nint ssl);

    /// <returns>A text that lives as long as the library.</returns>
    [LibraryImport(Crypto)]
    public static partial nint X509_verify_cert_error_string(nint error);

    [LibraryImport(Ssl)]
    public static partial nint SSL_ctrl(nint ssl, int command, nint number, nint pointer);

    /// <param name="protocols">Each with its length in front.</param>
    /// <returns>0, or another number on failure: the one call of these that says it so.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_set_alpn_protos(nint ssl, byte* protocols, uint bytes);

    /// <param name="protocol">The one chosen, or null.</param>
    [LibraryImport(Ssl)]
    public static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* bytes);

    /// <returns>1 when it is done; else SSL_get_error says what it waits for.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_do_handshake(nint ssl);

    /// <returns>Bytes read, at most one record's; 0 or less: see SSL_get_error.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_read(nint ssl, byte* buffer, int bytes);

    /// <returns>Bytes written; 0 or less: see SSL_get_error. One that wants something is repeated with the same bytes.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_write(nint ssl, byte* buffer, int bytes);

    /// <summary>Sends close_notify; not after an error.</summary>
    /// <returns>0: sent, the peer's has not come. 1: both. Less: see SSL_get_error.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_shutdown(nint ssl);

    /// <returns>1 if bytes were read from the BIO and not handed out: epoll does not know of them.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial int SSL_has_pending(nint ssl);

    /// <returns>1 within a handshake or a message of its kind: a write would read first.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial int SSL_in_init(nint ssl);

    /// <returns>Of the protocol: TLS1_2_VERSION or TLS1_3_VERSION.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial int SSL_version(nint ssl);

    /// <returns>A text that lives as long as the library, for example "TLSv1.3".</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_get_version(nint ssl);

    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_get_current_cipher(nint ssl);

    /// <returns>IANA's name; a text that lives as long as the library.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_CIPHER_standard_name(nint cipher);

    /// <summary>Why the last call on this <c>SSL</c> did not do it.</summary>
    /// <param name="ssl">What it was called on.</param>
    /// <param name="result">What it returned.</param>
    [LibraryImport(Ssl)]
    public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Crypto)]
    public static partial void ERR_clear_error();

    /// <summary>The oldest error of this thread's queue; 0 without one.</summary>
    [LibraryImport(Crypto)]
    public static partial nuint ERR_get_error();

    /// <summary>The name of an error, static memory; 0 if it has none.</summary>
    [LibraryImport(Crypto)]
    public static partial nint ERR_reason_error_string(nuint error);

    /// <summary>Whether a ClientHello is begun whose rest is to come in further records: its room is there by then, as large as it says (131,396 bytes at most).</summary>
    public static bool AwaitsRestOfHello(nint ssl) => new ReadOnlySpan<byte>(SSL_state_string(ssl), 4).SequenceEqual("TRCH"u8);   // TLS_ST_SR_CLNT_HELLO, whose number differs between versions

    /// <returns>A type for a BIO of one's own; it is or-ed with what the BIO is.</returns>
    [LibraryImport(Crypto)]
    public static partial int BIO_get_new_index();

    /// <returns>A method whose functions are still to be set; it lives as long as the process.</returns>
    [LibraryImport(Crypto, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint BIO_meth_new(int type, string name);

    /// <returns>1.</returns>
    [LibraryImport(Crypto)]
    public static partial int BIO_meth_set_read(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    /// <returns>1.</returns>
    [LibraryImport(Crypto)]
    public static partial int BIO_meth_set_write(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    /// <returns>1.</returns>
    [LibraryImport(Crypto)]
    public static partial int BIO_meth_set_ctrl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, nint, nint> control);

    /// <returns>0 without memory.</returns>
    [LibraryImport(Crypto)]
    public static partial nint BIO_new(nint method);

    [LibraryImport(Crypto), SuppressGCTransition]
    public static partial void BIO_set_init(nint bio, int isReady);

    [LibraryImport(Crypto), SuppressGCTransition]
    public static partial void BIO_set_data(nint bio, nint data);

    [LibraryImport(Crypto), SuppressGCTransition]
    public static partial nint BIO_get_data(nint bio);

    /// <summary>How a read or write went that could not do anything: what SSL_get_error goes by.</summary>
    [LibraryImport(Crypto), SuppressGCTransition]
    public static partial void BIO_set_flags(nint bio, int flags);

    /// <inheritdoc cref="BIO_set_flags"/>
    [LibraryImport(Crypto), SuppressGCTransition]
    public static partial void BIO_clear_flags(nint bio, int flags);

    /// <summary>Whether a usable OpenSSL is here.</summary>
    public static bool IsAvailable()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad(Ssl, out nint library)) return false;
        return NativeLibrary.TryGetExport(library, nameof(SSL_has_pending), out _);   // stays loaded: it is about to be used
    }
}
