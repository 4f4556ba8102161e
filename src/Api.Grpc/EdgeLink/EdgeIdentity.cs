using System.Security.Cryptography.X509Certificates;

namespace Api.Grpc.EdgeLink;

/// <summary>Who a link's certificate says the peer is: CN = edge id, OU = role. TLS has already proved that our authority signed it.</summary>
internal static class EdgeIdentity
{
    /// <summary>The role of edges; the core's own certificate, of the same authority, has another.</summary>
    public const string EdgeRole = "edge";

    private const string CommonName = "2.5.4.3";
    private const string OrganizationalUnit = "2.5.4.11";

    /// <returns>False if the certificate is missing, names no id, or has not the role of an edge.</returns>
    public static bool TryRead(X509Certificate2? certificate, out string edgeId)
    {
        edgeId = string.Empty;
        if (certificate is null) return false;
        bool isEdge = false;
        foreach (X500RelativeDistinguishedName part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements) return false;   // none of ours
            string? type = part.GetSingleElementType().Value;
            if (type == CommonName)
            {
                if (edgeId.Length > 0) return false;   // two names are no name
                edgeId = part.GetSingleElementValue() ?? string.Empty;
            }
            else if (type == OrganizationalUnit)
            {
                isEdge |= part.GetSingleElementValue() == EdgeRole;
            }
        }

        return isEdge && edgeId.Length is > 0 and <= 64;
    }
}
