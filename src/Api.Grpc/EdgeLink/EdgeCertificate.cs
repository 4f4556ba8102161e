using System.Security.Cryptography.X509Certificates;

namespace Api.Grpc.EdgeLink;

/// <summary>What a certificate under the link's authority says of its holder.</summary>
internal static class EdgeCertificate
{
    /// <summary>The organisational unit of an edge's certificate: its role.</summary>
    public const string Role = "edge";

    /// <summary>The edge id: the common name of a certificate whose organisational unit is <c>edge</c>; null for any other certificate.</summary>
    public static string? EdgeIdOf(X509Certificate2? certificate)
    {
        if (certificate is null) return null;
        string? name = null;
        bool edge = false;
        foreach (X500RelativeDistinguishedName part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements) continue;
            if (part.GetSingleElementType().Value == "2.5.4.3") name = part.GetSingleElementValue();
            else if (part.GetSingleElementType().Value == "2.5.4.11") edge |= part.GetSingleElementValue() == Role;
        }

        return edge && name is { Length: > 0 and <= 64 } ? name : null;
    }
}
