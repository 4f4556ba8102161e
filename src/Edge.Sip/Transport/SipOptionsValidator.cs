using System.Net;
using Edge.Sip.Parsing;
using Edge.Sip.Transport.Native;
using Microsoft.Extensions.Options;

namespace Edge.Sip.Transport;

/// <summary>Collects every fault: one restart mends a bad file.</summary>
internal sealed class SipOptionsValidator : IValidateOptions<SipOptions>
{
    public ValidateOptionsResult Validate(string? name, SipOptions options)
    {
        ValidateOptionsResultBuilder faults = new();
        if (!IPAddress.TryParse(options.Address, out _)) faults.AddError("must be an IP address, like 0.0.0.0", "Sip:Address");
        Range(faults, options.Port, 0, 65_535, "Sip:Port");
        File(faults, options.CertificateFile, "Sip:CertificateFile");
        File(faults, options.KeyFile, "Sip:KeyFile");
        if (!TlsSuite.TryParse(options.CipherSuites, out _, out string suite)) faults.AddError($"names {suite}, which is not one of {string.Join(", ", TlsSuite.Allowed.Select(static allowed => allowed.Name))}", "Sip:CipherSuites");
        else if (options.CipherSuites.Length > 0 && OperatingSystem.IsWindows()) faults.AddError("must be empty on Windows, whose own policy decides", "Sip:CipherSuites");
        if (options.Transport == TransportKind.Native && !OpenSsl.IsAvailable()) faults.AddError("Native needs Linux and OpenSSL 3 (libssl.so.3): leave it out, or say Portable", "Sip:Transport");
        Range(faults, options.Reactors, 0, 256, "Sip:Reactors");
        Range(faults, options.MostConnections, 1, 4_000_000, "Sip:MostConnections");
        Range(faults, options.OutgoingBytes, 16_384, 16_777_216, "Sip:OutgoingBytes");
        Range(faults, options.UnregisteredOutgoingBytes, 16_384, 16_777_216, "Sip:UnregisteredOutgoingBytes");
        Range(faults, options.RegistersPerAddress, 1, 20_000, "Sip:RegistersPerAddress");
        Range(faults, options.HandshakeSeconds, 1, 60, "Sip:HandshakeSeconds");
        Range(faults, options.FirstRequestSeconds, 1, 60, "Sip:FirstRequestSeconds");
        Range(faults, options.MessageSeconds, 1, 60, "Sip:MessageSeconds");
        Range(faults, options.UnregisteredSeconds, 1, 600, "Sip:UnregisteredSeconds");
        Range(faults, options.FlowTimerSeconds, 10, 3_600, "Sip:FlowTimerSeconds");
        Range(faults, options.SilenceSeconds, options.FlowTimerSeconds + 1, 7_200, "Sip:SilenceSeconds");
        Range(faults, options.PingSeconds, 10, 3_600, "Sip:PingSeconds");
        Range(faults, options.UserTimeoutSeconds, 1, 600, "Sip:UserTimeoutSeconds");
        Range(faults, options.Window, 1, 8, "Sip:Window");
        ValidateOptionsResult limits = new SipLimitsValidator().Validate(name, options.Limits);
        if (limits.Failed) faults.AddResult(limits);
        return faults.Build();
    }

    internal static void File(ValidateOptionsResultBuilder faults, string path, string name)
    {
        if (path.Length == 0) faults.AddError("must name a PEM file", name);
        else if (!System.IO.File.Exists(path)) faults.AddError("names a file that is not there or cannot be read", name);
    }

    internal static void Range(ValidateOptionsResultBuilder faults, int value, int least, int most, string name)
    {
        if (value < least || value > most) faults.AddError($"must be {least} to {most}", name);
    }
}
