using Core.Store;
using Core.Store.Presence;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;

namespace Api.Grpc.Tracing;

/// <summary>Puts the spans round store and ways out, if traces go anywhere; else nothing is put anywhere.</summary>
internal static class TracesServices
{
    /// <summary>Call it once store and ways out have been added.</summary>
    public static void AddTraces(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<TracesOptions>().BindConfiguration(TracesOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TracesOptions>, TracesOptionsValidator>());
        if (Read(configuration) is not { IsOn: true } traces || !new TracesOptionsValidator().Validate(null, traces).Succeeded) return;   // at the start a fault is told with the others
        services.AddSingleton<MessageTraces>();
        Wrap<IMessageStore>(services, static (provider, inner) => new TracedMessageStore(inner, provider.GetRequiredService<MessageTraces>()));
        Wrap<IDeliveryPort>(services, static (provider, inner) => new TracedDeliveryPort(inner, provider.GetRequiredService<MessageTraces>()));
        services.AddOpenTelemetry().WithTracing(tracing => tracing
            .AddSource(MessageTraces.SourceName)
            .SetSampler(new TraceIdRatioBasedSampler(traces.Ratio))   // by the trace's id alone: every step of a message is kept, or none
            .AddOtlpExporter(otlp => (otlp.Endpoint, otlp.Protocol) = (new Uri(traces.Endpoint), traces.Protocol)));
    }

    /// <summary>Before everything that a request meets.</summary>
    public static void UseTraces(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<TracesOptions>>().Value.IsOn) app.UseMiddleware<RequestStart>();
    }

    private static TracesOptions? Read(IConfiguration configuration)
    {
        try
        {
            return configuration.GetSection(TracesOptions.Section).Get<TracesOptions>();
        }
        catch (InvalidOperationException)
        {
            return null;   // a value of another type: the options say so at the start
        }
    }

    private static void Wrap<T>(IServiceCollection services, Func<IServiceProvider, T, T> around)
        where T : class
    {
        ServiceDescriptor inner = services.Last(static descriptor => descriptor.ServiceType == typeof(T));
        services.Remove(inner);
        services.AddSingleton(provider => around(
            provider,
            (T)(inner.ImplementationInstance ?? inner.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!))));
    }
}
