using System.Runtime.InteropServices;

namespace Core.Store.Envelopes;

/// <summary>The libcrypto of OpenSSL 3 that the runtime's own cryptography has loaded.</summary>
internal static class OpenSslLibrary
{
    public const string Crypto = "libcrypto.so.3";

    /// <summary>Whether a function of it can be called here: Linux with OpenSSL 3.</summary>
    public static bool Has(string function) =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Crypto, out nint library) && NativeLibrary.TryGetExport(library, function, out _);
}
