namespace Api.Grpc.Options;

/// <summary>The listener of the client API, section <c>Api</c>: HTTPS and gRPC, TLS 1.2 and 1.3 only.</summary>
internal sealed record ApiOptions
{
    /// <summary>IP address to listen on. Default 0.0.0.0: clients come from everywhere.</summary>
    public string Address { get; set; } = "0.0.0.0";

    /// <summary>TCP port; 0 takes a free one (tests). Default 8443.</summary>
    public int Port { get; set; } = 8_443;

    /// <summary>PEM file: the server's certificate, then its intermediates. Also serves the admin listener. Required.</summary>
    public string CertificateFile { get; set; } = string.Empty;

    /// <summary>PEM file: the certificate's private key. Required.</summary>
    public string KeyFile { get; set; } = string.Empty;

    /// <summary>TLS suites offered by the client and admin APIs, in this order: IANA's names, commas between. Default empty: all that are allowed, which are those of
    /// TLS 1.3 and, of TLS 1.2, ECDHE with AES-GCM or ChaCha20-Poly1305.</summary>
    public string CipherSuites { get; set; } = string.Empty;

    /// <summary>Largest body of a request, in bytes. Default 16,384: a text of 4,096 bytes with every byte escaped, and keys, fits well.</summary>
    public int MaxBodyBytes { get; set; } = 16_384;

    /// <summary>Failed logins of an account that cost nothing. Default 5: mistyping is human.</summary>
    public int FreeFailures { get; set; } = 5;

    /// <summary>Most streams (WatchMessages and ReceiveMessages) of one account open at this core. Default 8: a few devices, and the leftovers of cut connections.</summary>
    public int MaxStreamsPerAccount { get; set; } = 8;

    /// <summary>Most streams open at this core. Default 10,000: each reads Redis every 2 seconds.</summary>
    public int MaxStreams { get; set; } = 10_000;

    /// <summary>Most connections at once, to the client API and to the admin API each; one more is closed before its TLS handshake. Default 20,000: about 2 GB of memory at worst.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Most of them from one address (one /64 of IPv6). Default 2,000: whoever has more shares them among clients by HTTP/2.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 2_000;

    /// <summary>Exempts loopback addresses from the limits by address: for development and load tests on one machine. Default off.</summary>
    public bool ExemptLoopback { get; set; }
}
