namespace Dev.Host.Certificates;

/// <summary>Every certificate a development system needs, under two authorities: one that clients trust, one for the edge link.</summary>
internal static class DevCertificates
{
    /// <summary>Makes what is missing, ends soon or names another domain; keeps the rest.</summary>
    public static void Ensure(RunOptions options)
    {
        using DevAuthority clients = DevAuthority.Open(options.In("tls"), "Edge development authority");
        clients.EnsureCertificate("cert.pem", "key.pem", options.Domain, unit: null, [options.Domain, "localhost"]);

        using DevAuthority link = DevAuthority.Open(options.In("link"), "Edge link development authority");
        link.EnsureCertificate("core-cert.pem", "core-key.pem", "core", "core", ["localhost"]);
        for (int edge = 0; edge < options.Edges; edge++)
        {
            string name = RunOptions.EdgeName(edge);
            link.EnsureCertificate($"{name}-cert.pem", $"{name}-key.pem", name, "edge", ["localhost"]);
        }
    }
}
