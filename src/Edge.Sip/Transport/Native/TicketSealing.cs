using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Sip.Transport.Native;

/// <summary>Gives OpenSSL the keys with which it seals and opens session tickets: AES-256-CBC, then HMAC-SHA256 (RFC 5077 §4).</summary>
/// <remarks>Called by a reactor's thread in the middle of a handshake; keys may change between two calls.</remarks>
internal static unsafe class TicketSealing
{
    private const int NoTicket = 0;   // sealing: none is sent; opening: a full handshake
    private const int Done = 1;
    private const int OpenedToRenew = 2;

    private static readonly nint Cipher = OpenSsl.EVP_CIPHER_fetch(0, "AES-256-CBC", null);
    private static readonly OsslParam* Sha256 = DigestParameter();

    /// <summary>What <c>SSL_CTX_set_tlsext_ticket_key_evp_cb</c> takes.</summary>
    public static delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint, nint, int, int> Callback => &Run;

    /// <param name="ssl">The connection; its context holds a handle of the <see cref="SessionTickets"/>.</param>
    /// <param name="name">16 bytes: written when sealing, read when opening.</param>
    /// <param name="iv">16 bytes, likewise.</param>
    /// <param name="cipher">An EVP_CIPHER_CTX to make ready.</param>
    /// <param name="mac">An EVP_MAC_CTX of HMAC to make ready.</param>
    /// <param name="isSealing">1, or 0 to open.</param>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Run(nint ssl, byte* name, byte* iv, nint cipher, nint mac, int isSealing)
    {
        nint handle = OpenSsl.SSL_CTX_get_ex_data(OpenSsl.SSL_get_SSL_CTX(ssl), OpenSsl.AppData);
        SessionTicketKey[] keys = ((SessionTickets)GCHandle.FromIntPtr(handle).Target!).Keys;
        Span<byte> keyName = new(name, SessionTicketKey.NameBytes);
        if (isSealing == 1)
        {
            const int IvBytes = 16;
            keys[0].Name.CopyTo(keyName);
            return OpenSsl.RAND_bytes(iv, IvBytes) == 1 && Ready(keys[0], iv, cipher, mac, isSealing) ? Done : Without();
        }

        for (int i = 0; i < keys.Length; i++)
        {
            if (!keyName.SequenceEqual(keys[i].Name)) continue;
            if (!Ready(keys[i], iv, cipher, mac, isSealing)) return Without();
            return i == 0 ? Done : OpenedToRenew;
        }

        return NoTicket;
    }

    /// <summary>A handshake need not fail because its ticket does.</summary>
    private static int Without()
    {
        OpenSsl.ERR_clear_error();
        return NoTicket;
    }

    private static bool Ready(SessionTicketKey key, byte* iv, nint cipher, nint mac, int isSealing)
    {
        fixed (byte* cipherKey = key.Cipher, macKey = key.Mac)
        {
            return OpenSsl.EVP_CipherInit_ex2(cipher, Cipher, cipherKey, iv, isSealing, 0) == 1
                && OpenSsl.EVP_MAC_init(mac, macKey, (nuint)key.Mac.Length, Sha256) == 1;
        }
    }

    /// <summary>The array that names HMAC's digest; it lives as long as the process.</summary>
    private static OsslParam* DigestParameter()
    {
        const uint Utf8String = 4;   // OSSL_PARAM_UTF8_STRING
        OsslParam* parameters = (OsslParam*)NativeMemory.AllocZeroed(2, (nuint)sizeof(OsslParam));   // the second ends it
        parameters[0] = new OsslParam { Key = Marshal.StringToCoTaskMemUTF8("digest"), Type = Utf8String, Data = Marshal.StringToCoTaskMemUTF8("SHA256"), Size = 6, Returned = nuint.MaxValue };
        return parameters;
    }
}

/// <summary>OSSL_PARAM(3).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OsslParam
{
    public nint Key;
    public uint Type;
    public nint Data;
    public nuint Size;
    public nuint Returned;
}
