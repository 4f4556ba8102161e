using System.Text.Json;
using Api.Grpc.Authentication;
using Api.Grpc.Diagnostics;
using Api.Grpc.EdgeLink;
using Api.Grpc.Messages;
using Api.Grpc.Options;
using Api.Grpc.Rates;
using Api.Grpc.Services;
using Api.Grpc.Streams;
using Api.Grpc.Tracing;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Envelopes;
using Core.Store.Presence;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Api.Grpc.Hosting;

/// <summary>What the core process consists of, and which door each part answers at.</summary>
internal static class CoreServices
{
    /// <summary>Edges keep to 64 KiB (spec, Numbers); twice that is refused and ends the link.</summary>
    private const int MostLinkMessageBytes = 128 * 1_024;

    /// <summary>Adds everything but the store.</summary>
    public static IServiceCollection AddCore(this IServiceCollection services)
    {
        AddOptions<ApiOptions, ApiOptionsValidator>(services, "Api");
        AddOptions<AdminOptions, AdminOptionsValidator>(services, "Admin");
        AddOptions<EdgeLinkOptions, EdgeLinkOptionsValidator>(services, "Link");
        AddOptions<MetricsOptions, MetricsOptionsValidator>(services, "Metrics");
        services.AddSingleton<CoreTls>();
        services.AddSingleton<ConnectionGate>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, CoreListeners>();
        services.AddHostedService<CertificateWatch>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CoreMetrics>();
        services.AddSingleton<RefusalHeaders>();
        services.AddSingleton<RefusalWriter>();
        services.AddSingleton<RefusalInterceptor>();
        services.AddSingleton<AdminToken>();
        services.AddSingleton<FailureBudget>();
        services.AddSingleton<SendRates>();
        services.AddSingleton<MessageIntake>();

        services.AddSingleton<RegistrationTicket>();
        services.AddSingleton<DeliveryToken>();
        services.AddSingleton<SenderTag>();
        services.AddSingleton<SubmissionId>();
        services.AddSingleton<NonceCheck>();
        services.AddSingleton<LinkMapping>();
        services.AddSingleton<EdgeDirectory>();
        services.AddSingleton<EdgeRegistrations>();
        services.AddSingleton<EdgeSubmissions>();
        services.AddSingleton<EdgeReports>();
        services.AddSingleton<EdgeEvents>();

        services.AddSingleton<ClientStreams>();
        services.AddSingleton<StatusToken>();
        services.AddSingleton<StatusWatch>();
        services.AddSingleton<ReceiveToken>();
        services.AddSingleton<ReceiveFlows>();
        services.AddSingleton<MessageReceiver>();
        services.AddSingleton<IDeliveryPort, DeliveryRoutes>();
        services.AddHostedService<CoreLifetime>();

        services.AddGrpc(grpc => grpc.Interceptors.Add<RefusalInterceptor>())
            .AddServiceOptions<LinkService>(link => link.MaxReceiveMessageSize = MostLinkMessageBytes)
            .AddJsonTranscoding(json => json.TypeRegistry = StatusMapping.Details);
        services.AddOptions<GrpcServiceOptions<MessagesService>>().Configure<IOptions<ApiOptions>>((messages, api) => messages.MaxReceiveMessageSize = api.Value.MaxBodyBytes);
        services.AddSingleton<MessagesService>();
        services.AddSingleton<AccountsService>();
        services.AddSingleton<OperationsMapping>();
        services.AddSingleton<OperationsService>();
        services.AddSingleton<LinkService>();

        services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("edge-core")).WithMetrics(metrics => metrics
            .AddMeter(CoreMetrics.MeterName, "Core.Store", "System.Runtime")
            .AddPrometheusExporter());
        return services;
    }

    /// <summary>One JSON object a line on standard output, UTC times, event ids; without scopes, which hold the paths of requests. Settings change none of it.</summary>
    public static ILoggingBuilder AddCoreLogging(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        // The build that does not seal shows by its lines that the search for secrets finds them.
        if (!Sealing.IsOff) logging.Services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>, LogFloor>();
        return logging.AddJsonConsole(console =>
        {
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            console.UseUtcTimestamp = true;
            console.IncludeScopes = false;
            console.JsonWriterOptions = new JsonWriterOptions { Indented = false };
        });
    }

    /// <summary>Routing, then the door, then who it is and whether it floods, then what it asks.</summary>
    public static void MapCore(this WebApplication app)
    {
        app.UseTraces();
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<FaultBarrier>();
        app.UseRouting();
        app.UseMiddleware<ListenerGate>();
        app.UseMiddleware<CallerAuthentication>();
        app.UseMiddleware<FloodGate>();
        app.UseMiddleware<RequestFilter>();

        app.MapGrpcService<MessagesService>().WithMetadata(new ListenerFeature(Listener.Api));
        app.MapGrpcService<AccountsService>().WithMetadata(new ListenerFeature(Listener.Admin));
        app.MapGrpcService<OperationsService>().WithMetadata(new ListenerFeature(Listener.Admin));
        app.MapGrpcService<LinkService>().WithMetadata(new ListenerFeature(Listener.Link));

        ListenerFeature metrics = new(Listener.Metrics);
        app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(metrics);
        app.MapGet("/livez", () => Results.Text("ok\n")).WithMetadata(metrics);
        app.MapGet("/readyz", async (IStoreHealth store) => await store.IsReadyAsync().ConfigureAwait(false)
            ? Results.Text("ok\n")
            : Results.Text("the store does not answer\n", statusCode: StatusCodes.Status503ServiceUnavailable)).WithMetadata(metrics);
    }

    private static void AddOptions<TOptions, TValidator>(IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TValidator>());
    }
}
