using System.CommandLine;
using System.Runtime.InteropServices;
using Garnet;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dev.Host.Store;

/// <summary>The <c>store</c> command: a Redis-compatible store in this process, in memory only.</summary>
/// <remarks>For development and tests. What it holds is gone when it stops; operators run Redis or Valkey.</remarks>
internal static class StoreCommand
{
    /// <summary>
    /// Memory is small on purpose: the default is 16 GiB. Scripts are atomic only in transaction mode.
    /// The device type avoids libaio, which a fresh machine lacks.
    /// </summary>
    private static readonly string[] Settings =
    [
        "--memory", "512m", "--page", "8m", "--index", "64m",
        "--lua", "--lua-transaction-mode", "--device-type", "RandomAccess", "-q",
    ];

    public static Command Create()
    {
        Option<int> port = new("--port") { Description = "Port to listen on", Required = true };
        Option<string> bind = new("--bind") { Description = "Address to listen on", DefaultValueFactory = _ => "127.0.0.1" };
        Command command = new("store", "Runs the embedded store: Redis-compatible, in memory only.") { port, bind };
        command.SetAction((result, _) => RunAsync(result.GetRequiredValue(bind), result.GetValue(port)));
        return command;
    }

    private static async Task<int> RunAsync(string address, int port)
    {
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

        try
        {
            using GarnetServer server = new(["--bind", address, "--port", $"{port}", .. Settings], NullLoggerFactory.Instance);
            server.Start();
            Console.WriteLine($"store: listening on {address}:{port}, in memory only");
            await stop.Task;
        }
        catch (Exception failure) when (failure is System.Net.Sockets.SocketException or IOException or Garnet.common.GarnetException)
        {
            await Console.Error.WriteLineAsync($"store: {failure.Message}");
            return ExitCodes.CouldNotStart;
        }

        return ExitCodes.Stopped;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }
}
