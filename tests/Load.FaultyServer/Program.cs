// A server for tests that must stop it from outside: Load.FaultyServer CERTIFICATE.pem KEY.pem. Prints its port, then serves until its input ends.
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Load.FaultyServer;

using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(args[0], args[1]);
using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
await using FaultyServer server = new(new FaultPlan(), certificate);
Console.WriteLine(server.Port.ToString(CultureInfo.InvariantCulture));
while (await Console.In.ReadLineAsync() is not null)
{
}
