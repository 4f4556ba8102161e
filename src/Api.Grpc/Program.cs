using Api.Grpc.Hosting;
using Core.Store;

CrashDumps.Forbid();

// From the one of the project file up: as few as keep the processors busy. What blocks one all the same gets another from the runtime.
ThreadPool.GetMinThreads(out int workers, out int ports);
ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount - 1), ports);

if (args is ["keys", .. string[] rest]) return await KeyCommands.RunAsync(rest, Console.Out, Console.Error);

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
