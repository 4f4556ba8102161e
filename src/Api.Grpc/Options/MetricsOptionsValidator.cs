using Microsoft.Extensions.Options;

namespace Api.Grpc.Options;

/// <summary>Collects every fault of section <c>Metrics</c>.</summary>
internal sealed class MetricsOptionsValidator : IValidateOptions<MetricsOptions>
{
    public ValidateOptionsResult Validate(string? name, MetricsOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        ListenerChecks.Endpoint(faults, "Metrics", options.Address, options.Port);
        return faults.Build();
    }
}
