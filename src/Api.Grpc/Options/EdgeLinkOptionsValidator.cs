using Api.Grpc.Hosting;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Options;

/// <summary>Collects every fault of section <c>Link</c>.</summary>
internal sealed class EdgeLinkOptionsValidator : IValidateOptions<EdgeLinkOptions>
{
    public ValidateOptionsResult Validate(string? name, EdgeLinkOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        if (options.Address.Length > 0) ListenerChecks.Endpoint(faults, "Link", options.Address, options.Port);
        else ListenerChecks.Port(faults, "Link", options.Port);
        ListenerChecks.Certificate(faults, "Link", options.CertificateFile, options.KeyFile);
        if (!PemFiles.TryLoadAuthorities(options.ClientCaFile, out _, out string fault)) faults.AddError(fault, "Link:ClientCaFile");
        if (options.MinExpires < TimeSpan.FromSeconds(1)) faults.AddError("1 second at least", "Link:MinExpires");
        if (options.MaxExpires < options.MinExpires || options.MaxExpires > TimeSpan.FromDays(1))
            faults.AddError("MinExpires to 1 day", "Link:MaxExpires");
        if (options.TicketLifetime < TimeSpan.FromSeconds(1) || options.TicketLifetime > TimeSpan.FromHours(24))
            faults.AddError("1 second to 24 hours", "Link:TicketLifetime");
        if (options.NonceAge < TimeSpan.FromSeconds(1) || options.NonceAge > TimeSpan.FromMinutes(30))
            faults.AddError("1 second to 30 minutes: the keys of this hour and the last verify", "Link:NonceAge");
        if (options.HeartbeatInterval < TimeSpan.FromMilliseconds(100)) faults.AddError("0.1 seconds at least", "Link:HeartbeatInterval");
        if (options.DeadAfter < 2 * options.HeartbeatInterval) faults.AddError("two heartbeats at least", "Link:DeadAfter");
        if (options.MaxEventsUnderWay is < 1 or > 65_536) faults.AddError("1 to 65,536", "Link:MaxEventsUnderWay");
        if (options.MaxQueuedEvents < options.MaxEventsUnderWay) faults.AddError("MaxEventsUnderWay at least", "Link:MaxQueuedEvents");
        if (options.MaxQueuedBytes < 65_536) faults.AddError("65,536 at least: one link message", "Link:MaxQueuedBytes");
        return faults.Build();
    }
}
