using Api.Grpc.Hosting;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Options;

/// <summary>Collects every fault of section <c>Api</c>.</summary>
internal sealed class ApiOptionsValidator : IValidateOptions<ApiOptions>
{
    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        ListenerChecks.Endpoint(faults, "Api", options.Address, options.Port);
        ListenerChecks.Certificate(faults, "Api", options.CertificateFile, options.KeyFile);
        if (!CipherSuites.TryParse(options.CipherSuites, out _, out string fault)) faults.AddError(fault, "Api:CipherSuites");
        if (options.MaxBodyBytes is < 8_192 or > 1_048_576) faults.AddError("8,192 to 1,048,576 bytes", "Api:MaxBodyBytes");
        if (options.FreeFailures is < 1 or > 1_000) faults.AddError("1 to 1,000", "Api:FreeFailures");
        if (options.MaxStreamsPerAccount is < 1 or > 1_000) faults.AddError("1 to 1,000", "Api:MaxStreamsPerAccount");
        if (options.MaxStreams is < 1 or > 1_000_000) faults.AddError("1 to 1,000,000", "Api:MaxStreams");
        if (options.MaxConnections is < 1 or > 1_000_000) faults.AddError("1 to 1,000,000", "Api:MaxConnections");
        if (options.MaxConnectionsPerAddress is < 1 or > 1_000_000) faults.AddError("1 to 1,000,000", "Api:MaxConnectionsPerAddress");
        return faults.Build();
    }
}
