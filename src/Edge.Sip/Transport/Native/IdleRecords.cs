using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>Counts a client's TLS records that carry no data: handshakes, key updates, alerts. Too many end its connection.</summary>
/// <remarks>
/// One SSL_read takes all of them that one turn has read of the connection (16 KiB: hundreds) and tells of none. A client that sends key updates (RFC 8446 §4.6.3), or
/// asks for a new handshake of TLS 1.2 again and again, costs a derivation of keys or a refusal for 30 bytes each.
/// </remarks>
internal static unsafe class IdleRecords
{
    /// <summary>On one connection. A handshake has ten at most; a key is good for 2^24 records, and no phone lives so long.</summary>
    public const int Most = 64;

    public static delegate* unmanaged[Cdecl]<int, int, int, byte*, nuint, nint, nint, void> Callback => &Seen;

    public static bool AreTooMany(nint ssl) => OpenSsl.SSL_get_ex_data(ssl, OpenSsl.AppData) > Most;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Seen(int written, int version, int kind, byte* bytes, nuint length, nint ssl, nint argument)
    {
        if (written != 0 || length == 0 || kind is not (OpenSsl.SSL3_RT_HEADER or OpenSsl.SSL3_RT_INNER_CONTENT_TYPE)) return;
        if (bytes[0] == OpenSsl.SSL3_RT_APPLICATION_DATA) return;   // the first byte of either is the record's type; what TLS 1.3 seals is told a second time, as what it is
        nint count = OpenSsl.SSL_get_ex_data(ssl, OpenSsl.AppData) + 1;
        _ = OpenSsl.SSL_set_ex_data(ssl, OpenSsl.AppData, count);
        if (count > Most) OpenSsl.SSL_set_shutdown(ssl, OpenSsl.SSL_RECEIVED_SHUTDOWN);   // SSL_read looks at it after each record
    }
}
