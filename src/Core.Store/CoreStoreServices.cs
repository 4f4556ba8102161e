using Core.Store.Accounts;
using Core.Store.Diagnostics;
using Core.Store.Envelopes;
using Core.Store.Keys;
using Core.Store.Limits;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;
using Core.Store.Redis;
using Core.Store.Telling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Core.Store;

/// <summary>Registers the store. The host brings an <see cref="IDeliveryPort"/>, through which the sweeper pushes.</summary>
public static class CoreStoreServices
{
    /// <summary>
    /// Adds <see cref="IMessageStore"/>, <see cref="IAccountStore"/>, <see cref="IEdgeEpochs"/>, <see cref="IStatusFeed"/>, <see cref="ILimits"/>, <see cref="IWakeups"/>, <see cref="IDerivedKeys"/>, <see cref="IKeyAdministration"/>, <see cref="IOperatorViews"/>, <see cref="IStoreHealth"/>,
    /// the guard that judges Redis before anything else starts, the sweeper and the keeper of the keys; reads section <c>CoreStore</c>.
    /// </summary>
    public static IServiceCollection AddCoreStore(this IServiceCollection services)
    {
        services.AddOptions<CoreStoreOptions>().BindConfiguration("CoreStore").ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CoreStoreOptions>, CoreStoreOptionsValidator>());
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);

        services.TryAddSingleton<KeyRing>();
        services.TryAddSingleton<IDerivedKeys>(s => s.GetRequiredService<KeyRing>());
        services.TryAddSingleton<MessageEnvelope>();

        services.TryAddSingleton<TurnSettings>();
        services.TryAddSingleton<RedisConnection>();
        services.TryAddSingleton<IStoreHealth>(s => s.GetRequiredService<RedisConnection>());
        services.TryAddSingleton<StoreNames>();
        services.TryAddSingleton<StoreMetrics>();

        services.TryAddSingleton<CurrentLimits>();
        services.TryAddSingleton<ILimits>(s => s.GetRequiredService<CurrentLimits>());

        services.TryAddSingleton<MailboxWriter>();
        services.TryAddSingleton<MessageEnding>();
        services.TryAddSingleton<MailboxReader>();
        services.TryAddSingleton<IMessageStore, RedisMessageStore>();

        services.TryAddSingleton<KnownAccounts>();
        services.TryAddSingleton<AccountRecords>();
        services.TryAddSingleton<IAccountStore, RedisAccountStore>();
        services.TryAddSingleton<EdgeEpochs>();
        services.TryAddSingleton<IEdgeEpochs>(s => s.GetRequiredService<EdgeEpochs>());

        services.TryAddSingleton<Wakeups>();
        services.TryAddSingleton<IWakeups>(s => s.GetRequiredService<Wakeups>());
        services.TryAddSingleton<Revocations>();
        services.TryAddSingleton<SealedReceiptRequest>();
        services.TryAddSingleton<TellingPauses>();
        services.TryAddSingleton<Teller>();
        services.TryAddSingleton<IStatusFeed, StatusFeed>();

        services.TryAddSingleton<AccountResealing>();
        services.TryAddSingleton<KeyAudit>();
        services.TryAddSingleton<KeyKeeper>();
        services.TryAddSingleton<MessageResealing>();
        services.TryAddSingleton<IKeyAdministration, KeyAdministration>();

        services.TryAddSingleton<JournalCipher>();
        services.TryAddSingleton<SessionJournal>();
        services.TryAddSingleton<MessageJournal>();
        services.TryAddSingleton<MessageLog>();
        services.TryAddSingleton<RegistrationView>();
        services.TryAddSingleton<QueueView>();
        services.TryAddSingleton<PoisonedRecords>();
        services.TryAddSingleton<IOperatorViews, OperatorViews>();

        services.TryAddSingleton<SweepOptions>();
        services.TryAddSingleton<SweepLeases>();
        services.TryAddSingleton<Sweeper>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RedisGuard>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, LimitsWatch>());
        services.AddHostedService(s => s.GetRequiredService<Sweeper>());
        services.AddHostedService(s => s.GetRequiredService<KeyKeeper>());
        services.AddHostedService(s => s.GetRequiredService<MessageJournal>());
        return services;
    }
}
