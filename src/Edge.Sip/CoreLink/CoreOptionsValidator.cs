using Edge.Sip.Transport;
using Microsoft.Extensions.Options;

namespace Edge.Sip.CoreLink;

/// <summary>Collects every fault: one restart mends a bad file.</summary>
internal sealed class CoreOptionsValidator : IValidateOptions<CoreOptions>
{
    public ValidateOptionsResult Validate(string? name, CoreOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        if (options.Endpoints.Count == 0) faults.AddError("must name at least one core, like https://127.0.0.1:9444", "Core:Endpoints");
        for (int i = 0; i < options.Endpoints.Count; i++)
        {
            if (!Uri.TryCreate(options.Endpoints[i], UriKind.Absolute, out Uri? uri) || uri.Scheme != Uri.UriSchemeHttps)
            {
                faults.AddError("must be an https address, like https://127.0.0.1:9444", $"Core:Endpoints:{i}");
            }
        }

        SipOptionsValidator.File(faults, options.CertificateFile, "Core:CertificateFile");
        SipOptionsValidator.File(faults, options.KeyFile, "Core:KeyFile");
        SipOptionsValidator.File(faults, options.CaFile, "Core:CaFile");
        SipOptionsValidator.Range(faults, options.AnswerSeconds, 1, 30, "Core:AnswerSeconds");
        return faults.Build();
    }
}
