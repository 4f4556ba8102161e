using Microsoft.Extensions.Options;

namespace Edge.Sip.Parsing;

/// <summary>Refuses limits that cannot work, all of them at once: one restart mends a bad file.</summary>
internal sealed class SipLimitsValidator : IValidateOptions<SipLimits>
{
    public ValidateOptionsResult Validate(string? name, SipLimits options)
    {
        ValidateOptionsResultBuilder faults = new();
        Range(faults, options.RequestLineBytes, 64, 65_536, nameof(options.RequestLineBytes));
        Range(faults, options.HeaderLineBytes, 256, 65_536, nameof(options.HeaderLineBytes));
        Range(faults, options.Headers, 10, 1_000, nameof(options.Headers));
        Range(faults, options.Vias, 1, 255, nameof(options.Vias));
        Range(faults, options.HeaderBlockBytes, 512, 262_144, nameof(options.HeaderBlockBytes));
        Range(faults, options.BodyBytes, 600, 65_536, nameof(options.BodyBytes));
        return faults.Build();
    }

    private static void Range(ValidateOptionsResultBuilder faults, int value, int least, int most, string name)
    {
        if (value < least || value > most) faults.AddError($"must be {least} to {most}", name);
    }
}
