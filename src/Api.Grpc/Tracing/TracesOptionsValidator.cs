using Microsoft.Extensions.Options;

namespace Api.Grpc.Tracing;

/// <summary>Collects every fault of section <c>Traces</c>.</summary>
internal sealed class TracesOptionsValidator : IValidateOptions<TracesOptions>
{
    public ValidateOptionsResult Validate(string? name, TracesOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        if (options.IsOn && !(Uri.TryCreate(options.Endpoint, UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https"))
            faults.AddError("http:// or https:// with host and port, for example http://localhost:4317, or nothing", "Traces:Endpoint");
        if (options.Ratio is not (>= 0 and <= 1)) faults.AddError("0 to 1", "Traces:Ratio");
        return faults.Build();
    }
}
