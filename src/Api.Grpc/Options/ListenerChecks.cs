using System.Net;
using Api.Grpc.Hosting;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Options;

/// <summary>What every listener's settings must be.</summary>
internal static class ListenerChecks
{
    public static void Endpoint(ValidateOptionsResultBuilder faults, string section, string address, int port)
    {
        if (!IPAddress.TryParse(address, out _)) faults.AddError("an IP address is required, for example 0.0.0.0", $"{section}:Address");
        Port(faults, section, port);
    }

    public static void Port(ValidateOptionsResultBuilder faults, string section, int port)
    {
        if (port is < 0 or > 65_535) faults.AddError("0 to 65,535", $"{section}:Port");
    }

    public static void Certificate(ValidateOptionsResultBuilder faults, string section, string certificateFile, string keyFile)
    {
        if (PemFiles.TryLoadCertificate(certificateFile, keyFile, out ServerCertificate? certificate, out string fault)) certificate.Dispose();
        else faults.AddError(fault, $"{section}:CertificateFile, {section}:KeyFile");
    }
}
