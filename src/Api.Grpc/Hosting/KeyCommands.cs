using System.Globalization;
using Core.Store;

namespace Api.Grpc.Hosting;

/// <summary>The key ring by hand: <c>Api.Grpc.dll keys audit|rotate|rekey</c>, with the settings of a core that runs; it need not be stopped.</summary>
internal static class KeyCommands
{
    private const string Usage = "usage: Api.Grpc.dll keys audit|rotate|rekey [--CoreStore:KeyRingFile=PATH --CoreStore:Redis=... and the other settings of the core]";

    /// <summary>Runs one.</summary>
    /// <param name="arguments">Behind <c>keys</c>.</param>
    /// <param name="output">For answers.</param>
    /// <param name="errors">For what could not be done.</param>
    /// <returns>Exit code: 0; 1 for a wrong command line; 2 if it could not be done.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        if (arguments.Length == 0 || arguments[0] is not ("audit" or "rotate" or "rekey"))
        {
            await errors.WriteLineAsync(Usage);
            return 1;
        }

        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = arguments[1..], ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();   // what it says is the answer
        builder.Services.AddCoreStore();
        using IHost host = builder.Build();   // not started: only settings and store are needed
        using CancellationTokenSource stop = new();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        try
        {
            IKeyAdministration keys = host.Services.GetRequiredService<IKeyAdministration>();
            switch (arguments[0])
            {
                case "audit":
                    await PrintAsync(await keys.AuditAsync(), output);
                    break;
                case "rotate":
                    keys.Rotate();
                    await output.WriteLineAsync("new keys are made; they seal after the activation delay. Back the key ring up");
                    break;
                default:
                    await keys.RekeyAsync(output.WriteLine, stop.Token);
                    break;
            }

            return 0;
        }
        catch (Exception fault) when (CoreHost.Faults(fault) is { } faults)
        {
            foreach (string line in faults) await errors.WriteLineAsync(line);
            return 2;
        }
        catch (Exception fault) when (fault is StoreUnavailableException or OperationCanceledException or StackExchange.Redis.RedisException)
        {
            await errors.WriteLineAsync(fault is StackExchange.Redis.RedisException ? $"Redis does not answer at the address in CoreStore:Redis ({fault.GetType().Name})." : fault.Message);
            return 2;
        }
    }

    private static async Task PrintAsync(IReadOnlyList<KeyUse> uses, TextWriter output)
    {
        await output.WriteLineAsync($"{"key",6}  {"purpose",-12}{"made",-22}{"seals from",-22}{"seals now",-11}{"sealed with it",14}");
        foreach (KeyUse use in uses)
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{use.Id,6}  {use.Purpose,-12}{Time(use.Created),-22}{Time(use.Activates),-22}{(use.Seals ? "yes" : ""),-11}{use.Count,14}"));
        }
    }

    private static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "not in the ring";
}
