using Api.Grpc.Tracing;
using Microsoft.Extensions.Options;

namespace Api.Grpc.Hosting;

/// <summary>Builds the core process. Settings: appsettings.json beside the program, then environment, then command line (<c>--Api:Port=8443</c>).</summary>
internal static class CoreHost
{
    /// <param name="arguments">The command line.</param>
    /// <param name="addStore">Adds the store.</param>
    /// <returns>The host, not yet started; every setting has been checked.</returns>
    /// <exception cref="OptionsValidationException">Faults in one section.</exception>
    /// <exception cref="AggregateException">Faults in several sections.</exception>
    public static WebApplication Build(string[] arguments, Action<IServiceCollection> addStore)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddCoreLogging();
        addStore(builder.Services);
        builder.Services.AddCore();
        builder.Services.AddTraces(builder.Configuration);
        WebApplication app = builder.Build();
        app.MapCore();
        return app;
    }

    /// <summary>The faults of a start that was refused, one a line.</summary>
    /// <returns>Null if it is not the operator's to mend.</returns>
    public static IEnumerable<string>? Faults(Exception fault) => fault switch
    {
        OptionsValidationException options => options.Failures,
        AggregateException all when all.InnerExceptions.All(inner => inner is OptionsValidationException) =>
            all.InnerExceptions.Cast<OptionsValidationException>().SelectMany(options => options.Failures),
        Core.Store.Redis.RedisRefusedException or Core.Store.Envelopes.KeyRingException => [fault.Message],
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => [fault.Message],
        _ => null,
    };
}
