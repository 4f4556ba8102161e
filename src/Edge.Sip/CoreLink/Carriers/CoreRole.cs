using System.Security.Cryptography.X509Certificates;

namespace Edge.Sip.CoreLink.Carriers;

/// <summary>What a core's certificate says beyond its name: OU = core. TLS has already proved authority and name; an edge's certificate, of the same authority, says OU = edge.</summary>
internal static class CoreRole
{
    public const string Refusal = "the core's certificate is refused: it is not a core's (OU = core)";

    private const string Role = "core";
    private const string OrganizationalUnit = "2.5.4.11";

    public static bool IsIn(X509Certificate2 certificate)
    {
        foreach (X500RelativeDistinguishedName part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == OrganizationalUnit && part.GetSingleElementValue() == Role) return true;
        }

        return false;
    }
}
