using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Core.Store;

/// <summary>Registers the store. The host brings an <see cref="Presence.IDeliveryPort"/>, through which the sweeper pushes.</summary>
public static class CoreStoreServices
{
    /// <summary>Adds <see cref="IMessageStore"/>, the accounts, the edge epochs, the derived keys, the readiness and the sweeper; reads section <c>CoreStore</c>.</summary>
    public static IServiceCollection AddCoreStore(this IServiceCollection services)
    {
        services.AddOptions<CoreStoreOptions>().BindConfiguration("CoreStore").ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CoreStoreOptions>, CoreStoreOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        return services;
    }
}
