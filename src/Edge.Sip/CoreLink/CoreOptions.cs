namespace Edge.Sip.CoreLink;

/// <summary>The cores this edge serves. Section <c>Core</c>.</summary>
internal sealed class CoreOptions
{
    /// <summary>https addresses of the cores' edge links: one link each.</summary>
    public List<string> Endpoints { get; set; } = [];

    /// <summary>This edge's link certificate, PEM; its common name is the edge id.</summary>
    public string CertificateFile { get; set; } = string.Empty;

    /// <summary>Its private key, PEM.</summary>
    public string KeyFile { get; set; } = string.Empty;

    /// <summary>The link's own CA, PEM: no other one vouches for a core.</summary>
    public string CaFile { get; set; } = string.Empty;

    /// <summary>A core has so long to answer a REGISTER or MESSAGE; then the client is told 503. Default 5 s (promise P6).</summary>
    public int AnswerSeconds { get; set; } = 5;
}
