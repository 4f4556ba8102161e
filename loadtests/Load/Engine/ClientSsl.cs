using System.Runtime.InteropServices;

namespace Load.Engine;

/// <summary>What a client needs of OpenSSL 3 beyond <see cref="Edge.Sip.Transport.Native.OpenSsl"/>, whose rules hold here too. Names are OpenSSL's own.</summary>
internal static unsafe partial class ClientSsl
{
    public const int SSL_SESS_CACHE_CLIENT = 1;
    public const int SSL_SESS_CACHE_NO_INTERNAL = 0x300;
    public const nint TLSEXT_NAMETYPE_host_name = 0;

    private const string Ssl = "libssl.so.3";

    /// <returns>1, or 0 if the file holds no certificate.</returns>
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_load_verify_file(nint context, string file);

    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_CTX_set_default_verify_paths(nint context);

    /// <summary>Told of each session that the server lets the client resume; it returns 1 to keep the reference.</summary>
    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_sess_set_new_cb(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback);

    /// <summary>Takes a reference of its own.</summary>
    /// <returns>1, or 0.</returns>
    [LibraryImport(Ssl)]
    public static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Ssl)]
    public static partial void SSL_SESSION_free(nint session);

    /// <returns>1 if the handshake was a short one.</returns>
    [LibraryImport(Ssl), SuppressGCTransition]
    public static partial int SSL_session_reused(nint ssl);
}
