using System.Net.Security;
using Api.Grpc.Options;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Hosting;

/// <summary>The two identities of a core: towards clients and operators, and towards edges.</summary>
internal sealed class CoreTls
{
    /// <exception cref="OptionsValidationException">A file cannot be used.</exception>
    public CoreTls(IOptions<ApiOptions> api, IOptions<EdgeLinkOptions> link)
    {
        IReadOnlyList<TlsCipherSuite> suites = CipherSuites.TryParse(api.Value.CipherSuites, out var chosen, out _) ? chosen : CipherSuites.Allowed;   // a fault is the validator's to tell
        Api = Loaded(new ListenerTls(api.Value.CertificateFile, api.Value.KeyFile, authoritiesFile: null, suites), "Api:CertificateFile");
        Link = Loaded(new ListenerTls(link.Value.CertificateFile, link.Value.KeyFile, link.Value.ClientCaFile, CipherSuites.Allowed), "Link:CertificateFile");
    }

    /// <summary>Of the client API and the admin API.</summary>
    public ListenerTls Api { get; }

    /// <summary>Of the edge link: edges show certificates too.</summary>
    public ListenerTls Link { get; }

    private static ListenerTls Loaded(ListenerTls tls, string setting) =>
        tls.TryLoad(out _, out string fault) ? tls : throw new OptionsValidationException(setting, typeof(ApiOptions), [fault]);
}
