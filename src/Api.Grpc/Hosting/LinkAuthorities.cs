using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Api.Grpc.Hosting;

/// <summary>The authorities of the edge link: only they count there, whatever the machine trusts otherwise.</summary>
internal static class LinkAuthorities
{
    /// <summary>id-kp-clientAuth, RFC 5280 §4.2.1.12.</summary>
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    public static bool HaveSigned(X509Certificate2Collection authorities, X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;   // an authority of its own: a lost edge is shut out by a new one
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        return chain.Build(certificate);
    }
}
