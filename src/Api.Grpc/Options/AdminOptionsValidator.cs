using Api.Grpc.Authentication;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Options;

/// <summary>Collects every fault of section <c>Admin</c>.</summary>
internal sealed class AdminOptionsValidator : IValidateOptions<AdminOptions>
{
    public ValidateOptionsResult Validate(string? name, AdminOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        ListenerChecks.Endpoint(faults, "Admin", options.Address, options.Port);
        if (!AdminToken.TryRead(options.TokenFile, out _, out string fault)) faults.AddError(fault, "Admin:TokenFile");
        return faults.Build();
    }
}
