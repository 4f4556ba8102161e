using Edge.Sip.Parsing;
using Edge.Sip.Transport.Native;

namespace Edge.Sip.Transport;

/// <summary>The SIP/TLS listener and its deadlines. Section <c>Sip</c>.</summary>
internal sealed class SipOptions
{
    /// <summary>IP address to listen on. Default: all, IPv4.</summary>
    public string Address { get; set; } = "0.0.0.0";

    /// <summary>TCP port. Default 5061 (RFC 3261 §19.1.2: sips). 0: any free one.</summary>
    public int Port { get; set; } = 5_061;

    /// <summary>Certificate chain, PEM, leaf first.</summary>
    public string CertificateFile { get; set; } = string.Empty;

    /// <summary>Its private key, PEM.</summary>
    public string KeyFile { get; set; } = string.Empty;

    /// <summary>TLS suites offered, in this order: IANA's names, commas between. Default empty: all that are allowed, which are those of TLS 1.3 and, of TLS 1.2,
    /// ECDHE with AES-GCM or ChaCha20-Poly1305.</summary>
    public string CipherSuites { get; set; } = string.Empty;

    /// <summary>What carries connections. Default: the native transport where it runs, else the portable one.</summary>
    public TransportKind Transport { get; set; }

    /// <summary>Threads of the native transport. Default 0: one for each processor but one, which the link and the kernel need.</summary>
    public int Reactors { get; set; }

    /// <summary>Most connections at once; one more is closed at once. Default 200,000: about what 16 GB hold.</summary>
    public int MostConnections { get; set; } = 200_000;

    /// <summary>Most bytes queued for a peer that does not read. Default 262,144: 40 of the longest deliveries.</summary>
    public int OutgoingBytes { get; set; } = 262_144;

    /// <summary>The same while no account is registered on the connection. Default 32,768: many such connections hold little together, and a client asks one thing at a time then.</summary>
    public int UnregisteredOutgoingBytes { get; set; } = 32_768;

    /// <summary>REGISTERs of one address that a core may have to answer at once. Default 1,000: what 20,000 clients behind one address need that come back within 10 s, at 0.5 s an answer.</summary>
    public int RegistersPerAddress { get; set; } = 1_000;

    /// <summary>A TLS handshake may take this long. Default 5 s.</summary>
    public int HandshakeSeconds { get; set; } = 5;

    /// <summary>From handshake to the first whole request. Default 5 s.</summary>
    public int FirstRequestSeconds { get; set; } = 5;

    /// <summary>From a message's first byte to its last. Default 5 s: a slow drip holds a buffer no longer.</summary>
    public int MessageSeconds { get; set; } = 5;

    /// <summary>A connection without a registered account lives this long. Default 15 s.</summary>
    public int UnregisteredSeconds { get; set; } = 15;

    /// <summary>What an outbound client is told to keep below (RFC 5626 §4.4.1). Default 120 s.</summary>
    public int FlowTimerSeconds { get; set; } = 120;

    /// <summary>An outbound client silent for so long is gone. Default 150 s: Flow-Timer and 30 s for slow networks.</summary>
    public int SilenceSeconds { get; set; } = 150;

    /// <summary>Another client gets a CRLFCRLF after so long without a byte. Default 90 s: below the usual NAT timeouts of TCP.</summary>
    public int PingSeconds { get; set; } = 90;

    /// <summary>Bytes unacknowledged for so long end the connection (TCP_USER_TIMEOUT; Linux). Default 20 s.</summary>
    public int UserTimeoutSeconds { get; set; } = 20;

    /// <summary>MESSAGEs in flight on one binding. Default 1 (RFC 3428 §8); up to 8 is a deviation that must be documented to clients.</summary>
    public int Window { get; set; } = 1;

    /// <summary>Whether connections from this machine are free of the limits by address. Default no; for development, where everybody comes from one.</summary>
    public bool ExemptLoopback { get; set; }

    /// <summary>Limits on what a peer may send.</summary>
    public SipLimits Limits { get; set; } = new();

    /// <summary><see cref="CipherSuites"/>, which have been checked.</summary>
    public IReadOnlyList<TlsSuite> Suites() => TlsSuite.TryParse(CipherSuites, out IReadOnlyList<TlsSuite> suites, out _) ? suites : TlsSuite.Allowed;

    /// <summary>Whether the native transport is to be used.</summary>
    public bool UsesNative() => Transport == TransportKind.Native || (Transport == TransportKind.Auto && OpenSsl.IsAvailable());
}

/// <summary>What carries connections.</summary>
internal enum TransportKind
{
    /// <summary>The native one on Linux with OpenSSL 3, else the portable one.</summary>
    Auto,

    /// <summary>epoll and OpenSSL, called directly: Linux.</summary>
    Native,

    /// <summary>SslStream: every system.</summary>
    Portable,
}
