using System.Net.Security;
using System.Security.Authentication;

namespace Api.Grpc.Hosting;

/// <summary>What may be negotiated: forward secrecy and authenticated encryption, nothing else (RFC 9325 §4.2).</summary>
internal static class CipherSuites
{
    /// <summary>All that are allowed, in the order in which they are offered.</summary>
    public static IReadOnlyList<TlsCipherSuite> Allowed { get; } =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    /// <summary>Reads a setting: IANA's names, commas between; empty for all that are allowed.</summary>
    /// <returns>False with what is wrong: a name that is not one of them, or, on Windows, any name.</returns>
    public static bool TryParse(string setting, out IReadOnlyList<TlsCipherSuite> suites, out string fault)
    {
        (suites, fault) = (Allowed, string.Empty);
        string[] names = setting.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0) return true;
        if (OperatingSystem.IsWindows()) fault = "must be empty on Windows, whose own policy decides";
        else if (names.FirstOrDefault(static name => !IsAllowed(name)) is { } other) fault = $"{other} is not one of {string.Join(", ", Allowed)}";
        else suites = [.. names.Select(Enum.Parse<TlsCipherSuite>)];
        return fault.Length == 0;
    }

    /// <summary>A version without suites is not spoken.</summary>
    public static SslProtocols Versions(IReadOnlyList<TlsCipherSuite> suites) =>
        (suites.Any(IsTls13) ? SslProtocols.Tls13 : SslProtocols.None) | (suites.All(IsTls13) ? SslProtocols.None : SslProtocols.Tls12);

    /// <summary>For SslStream, which resumes no session where suites are chosen. Null on Windows, where the system's policy decides, and for just those of TLS 1.3: none
    /// of them needs to be kept out.</summary>
    public static CipherSuitesPolicy? Policy(IReadOnlyList<TlsCipherSuite> suites) =>
        OperatingSystem.IsWindows() || suites.SequenceEqual(Allowed.Where(IsTls13)) ? null : new CipherSuitesPolicy(suites);

    /// <summary>RFC 8446 §B.4: 0x13 in front.</summary>
    private static bool IsTls13(TlsCipherSuite suite) => (int)suite >> 8 == 0x13;

    private static bool IsAllowed(string name) => Allowed.Any(suite => suite.ToString() == name);
}
