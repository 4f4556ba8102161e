namespace Api.Grpc.Options;

/// <summary>The listener for edges, section <c>Link</c>: HTTP/2 only, mutual TLS under an authority of its own.</summary>
/// <remarks>An edge's certificate says CN = edge id and OU = <c>edge</c>; one without that unit is no edge.</remarks>
internal sealed record EdgeLinkOptions
{
    /// <summary>IP address to listen on. Empty: the client API's.</summary>
    public string Address { get; set; } = string.Empty;

    /// <summary>TCP port; 0 takes a free one (tests). Default 9444.</summary>
    public int Port { get; set; } = 9_444;

    /// <summary>PEM file: the core's certificate towards edges. Required.</summary>
    public string CertificateFile { get; set; } = string.Empty;

    /// <summary>PEM file: its private key. Required.</summary>
    public string KeyFile { get; set; } = string.Empty;

    /// <summary>PEM file: the authorities whose certificates edges show. No other authority is trusted here. Required.</summary>
    public string ClientCaFile { get; set; } = string.Empty;

    /// <summary>Whether MD5 digests are offered and taken. Default on: some clients know nothing else.</summary>
    public bool OfferMd5 { get; set; } = true;

    /// <summary>The shortest registration granted. Default 60 s.</summary>
    public TimeSpan MinExpires { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest registration granted. Default 3,600 s.</summary>
    public TimeSpan MaxExpires { get; set; } = TimeSpan.FromSeconds(3_600);

    /// <summary>How long a registration may be renewed without a new digest. Default and most 24 h (spec, Numbers).</summary>
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How old a digest nonce may be. Default 300 s.</summary>
    public TimeSpan NonceAge { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>Silence after which a heartbeat is sent. Default 5 s.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which the stream is ended. Default 15 s: three heartbeats.</summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Events of one edge under way in the store or waiting to be answered; then the core reads no more. Default 1,024.</summary>
    public int MaxEventsUnderWay { get; set; } = 1_024;

    /// <summary>Events waiting to be written to one edge before pushes are dropped; the sweep finds them again. Default 16,384.</summary>
    public int MaxQueuedEvents { get; set; } = 16_384;

    /// <summary>Bytes of pushes waiting to be written to one edge before further ones are dropped. Default 16 MiB: 400 full pages.</summary>
    public int MaxQueuedBytes { get; set; } = 16 * 1_024 * 1_024;
}
