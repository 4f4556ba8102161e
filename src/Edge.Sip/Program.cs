using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Edge.Sip;
using Edge.Sip.Diagnostics;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

CrashDumps.Forbid();

// From the one of the project file up: as few as keep the processors busy. What blocks one all the same gets another from the runtime.
ThreadPool.GetMinThreads(out int workers, out int ports);
ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount - 1), ports);

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
// One object a line, without scopes, which hold the paths of requests: settings change none of it.
builder.Logging.AddJsonConsole(json =>
    (json.UseUtcTimestamp, json.TimestampFormat, json.IncludeScopes, json.JsonWriterOptions) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", false, new JsonWriterOptions { Indented = false }));
builder.Services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>, LogFloor>();
// Below every other source, so that settings may say otherwise: the web server's line for each probe and scrape is noise here.
builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [new("Logging:LogLevel:Microsoft", "Warning"), new("Logging:LogLevel:System", "Warning")] });
builder.Services.AddEdge(builder.Configuration);
builder.Services.AddOpenTelemetry().ConfigureResource(static resource => resource.AddService("edge-sip"))
    .WithMetrics(static metrics => metrics.AddMeter(EdgeMetrics.MeterName, "System.Runtime").AddPrometheusExporter());

MetricsOptions metricsOptions = new();
builder.Configuration.GetSection("Metrics").Bind(metricsOptions);
if (metricsOptions.Port is < 0 or > 65_535) return Refuse(["Metrics:Port must be 0 to 65535"]);

// Plain HTTP, so on loopback only: whoever scrapes from elsewhere puts a proxy in front.
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, metricsOptions.Port));

WebApplication app;
try
{
    app = builder.Build();
    app.Services.GetRequiredService<IStartupValidator>().Validate();   // before anything is made from the options: all faults at once
    app.MapPrometheusScrapingEndpoint();
    app.MapGet("/livez", static context => context.Response.WriteAsync("live\n"));
    app.MapGet("/readyz", static context =>
    {
        bool ready = context.RequestServices.GetRequiredService<EdgeNode>().IsReady;
        context.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(ready ? "ready\n" : "not ready\n");
    });
    await app.RunAsync();
}
catch (OptionsValidationException faults)
{
    return Refuse(faults.Failures);
}
catch (AggregateException several) when (several.InnerException is OptionsValidationException)
{
    return Refuse(several.InnerExceptions.OfType<OptionsValidationException>().SelectMany(static faults => faults.Failures));
}
catch (Exception fault) when (fault is CryptographicException or UnauthorizedAccessException)
{
    return Refuse([$"a certificate or key file cannot be used: {fault.Message}"]);
}
catch (SocketException fault)
{
    return Refuse([$"Sip:Address or Sip:Port cannot be listened on: {fault.Message}"]);
}
catch (IOException fault)
{
    return Refuse([$"Metrics:Port cannot be listened on: {fault.Message}"]);
}

return 0;

static int Refuse(IEnumerable<string> faults)
{
    foreach (string fault in faults) Console.Error.WriteLine($"edge: {fault}");
    return 78;   // EX_CONFIG of sysexits.h
}
