using System.Runtime.InteropServices;

namespace Load.Engine;

/// <summary>What a client needs of OpenSSL 3 beyond <see cref="Edge.Sip.Transport.Native.OpenSsl"/>, whose rules hold here too. Names are OpenSSL's own.</summary>
internal static unsafe partial class ClientSsl
{
    public const int SSL_VERIFY_PEER = 1;
    public const int SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
    public const int SSL_SESS_CACHE_CLIENT = 1;
    public const int SSL_SESS_CACHE_NO_INTERNAL = 0x300;
    public const nint TLSEXT_NAMETYPE_host_name = 0;

    private const string Ssl = "libssl.so.3";

    [LibraryImport(Ssl)]
    public static partial nint TLS_client_method();

    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    /// <returns>1, or 0 if the file holds no certificate.</returns>
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_load_verify_file(nint context, string file);

    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_set_default_verify_paths(nint context);

    /// <summary>Told of each session that the server lets the client resume; it returns 1 to keep the reference.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_sess_set_new_cb(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback);

    [LibraryImport(Ssl)]
    public static partial nint SSL_ctrl(nint ssl, int command, nint number, byte* pointer);

    /// <summary>The name that the certificate must carry. It is copied.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_set1_host(nint ssl, byte* name);

    [LibraryImport(Ssl)]
    public static partial void SSL_set_connect_state(nint ssl);

    /// <summary>Takes a reference of its own.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Ssl)]
    public static partial void SSL_SESSION_free(nint session);

    /// <returns>1 if the handshake was a short one.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial int SSL_session_reused(nint ssl);

    /// <returns>0 (X509_V_OK), or why the server's certificate is not trusted.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial nint SSL_get_verify_result(nint ssl);
}
