using Edge.Sip.CoreLink;
using Edge.Sip.Delivery;
using Edge.Sip.Diagnostics;
using Edge.Sip.Registrar;
using Edge.Sip.Requests;
using Edge.Sip.Sessions;
using Edge.Sip.Transport;
using Edge.Sip.Transport.Native;
using Edge.Sip.Transport.Portable;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Edge.Sip;

/// <summary>Joins the parts: the only place that knows all of them.</summary>
internal static class EdgeServices
{
    public static IServiceCollection AddEdge(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<EdgeOptions>().Bind(configuration.GetSection("Edge")).ValidateOnStart();
        services.AddOptions<SipOptions>().Bind(configuration.GetSection("Sip")).ValidateOnStart();
        services.AddOptions<CoreOptions>().Bind(configuration.GetSection("Core")).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EdgeOptions>, EdgeOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SipOptions>, SipOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CoreOptions>, CoreOptionsValidator>());
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<EdgeOptions>>().Value);
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<SipOptions>>().Value);
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<CoreOptions>>().Value);

        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<EdgeClock>();
        services.TryAddSingleton<EdgeMetrics>();
        services.TryAddSingleton<SessionTable>();
        services.TryAddSingleton<AddressLimits>();
        services.TryAddSingleton<Admission>();
        services.TryAddSingleton<SessionTickets>();
        services.TryAddSingleton<CoreLinks>();
        services.TryAddSingleton<ICoreLinks>(static provider => provider.GetRequiredService<CoreLinks>());
        services.TryAddSingleton(static provider => new DigestChallenge(provider.GetRequiredService<EdgeOptions>().Id));
        services.TryAddSingleton<CredentialReader>();
        services.TryAddSingleton<Responder>();
        services.TryAddSingleton<DeliveryPump>();
        services.TryAddSingleton<RegisterHandler>();
        services.TryAddSingleton<MessageHandler>();
        services.TryAddSingleton<RequestDispatcher>();
        services.TryAddSingleton<LinkEventRouter>();
        services.TryAddSingleton<SessionSweep>();
        services.TryAddSingleton<MemoryReturn>();
        services.TryAddSingleton<ITransport>(static provider => provider.GetRequiredService<SipOptions>().UsesNative()
            ? ActivatorUtilities.CreateInstance<NativeTransport>(provider)
            : ActivatorUtilities.CreateInstance<PortableTransport>(provider));
        services.TryAddSingleton<CertificateWatch>();
        services.TryAddSingleton<EdgeNode>();
        services.AddHostedService(static provider => provider.GetRequiredService<EdgeNode>());
        return services;
    }
}
