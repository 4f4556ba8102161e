using System.Net.Security;

namespace Edge.Sip.Transport;

/// <summary>A cipher suite that may be offered: forward secrecy and authenticated encryption, nothing else (RFC 9325 §4.2).</summary>
/// <param name="Suite">By its number and IANA's name.</param>
/// <param name="OpenSslName">As OpenSSL calls it.</param>
/// <param name="IsTls13">Of TLS 1.3; else of 1.2.</param>
internal sealed record TlsSuite(TlsCipherSuite Suite, string OpenSslName, bool IsTls13 = false)
{
    /// <summary>All that are allowed, in the order in which they are offered.</summary>
    public static IReadOnlyList<TlsSuite> Allowed { get; } =
    [
        new(TlsCipherSuite.TLS_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256", IsTls13: true),
        new(TlsCipherSuite.TLS_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384", IsTls13: true),
        new(TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256", IsTls13: true),
        new(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        new(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256"),
        new(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        new(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384"),
        new(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305"),
        new(TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305"),
    ];

    /// <summary>Reads a setting: IANA's names, commas between; empty for all that are allowed.</summary>
    /// <param name="suites">In the setting's order.</param>
    /// <param name="fault">The name that is not one of them.</param>
    public static bool TryParse(string setting, out IReadOnlyList<TlsSuite> suites, out string fault)
    {
        (suites, fault) = (Allowed, string.Empty);
        List<TlsSuite> chosen = [];
        foreach (string name in setting.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Allowed.FirstOrDefault(allowed => allowed.Name == name) is { } suite) chosen.Add(suite);
            else fault = name;
        }

        if (fault.Length > 0) return false;
        if (chosen.Count > 0) suites = chosen;
        return true;
    }

    /// <summary>IANA's name.</summary>
    public string Name => Suite.ToString();
}
