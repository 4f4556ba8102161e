using Api.Grpc.Hosting;
using Core.Store;

try
{
    await using WebApplication app = CoreHost.Build(args, static services => services.AddCoreStore());
    await app.RunAsync();
    return 0;
}
catch (Exception fault) when (CoreHost.Faults(fault) is { } faults)
{
    await Console.Error.WriteLineAsync("The core cannot start:");
    foreach (string line in faults) await Console.Error.WriteLineAsync($"  {line}");
    return 2;
}
