using Microsoft.Extensions.Options;

namespace Api.Grpc.Diagnostics;

/// <summary>Lines of other people's code begin at Warning, whatever the settings say: below, they quote paths, queries and broken requests, and so names and texts.</summary>
/// <remarks>A condition added to every rule there is, so that no rule of the settings, however exact, goes round it. New libraries are under it by themselves.</remarks>
internal sealed class LogFloor : IPostConfigureOptions<LoggerFilterOptions>
{
    /// <summary>Our own categories, and two that quote nothing of clients: addresses listened on, and why a TLS handshake failed.</summary>
    private static readonly string[] Free = ["Api.Grpc.", "Core.Store.", "Microsoft.Hosting.Lifetime", "Microsoft.AspNetCore.Server.Kestrel.Https."];

    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        options.Rules.Insert(0, new LoggerFilterRule(null, null, options.MinLevel, null));   // for what no other rule is for: the first gives way to its equals
        for (int i = 0; i < options.Rules.Count; i++)
        {
            LoggerFilterRule rule = options.Rules[i];
            options.Rules[i] = new LoggerFilterRule(
                rule.ProviderName, rule.CategoryName, rule.LogLevel, (provider, category, level) => IsAllowed(category, level) && rule.Filter?.Invoke(provider, category, level) != false);
        }
    }

    private static bool IsAllowed(string? category, LogLevel level) =>
        level >= LogLevel.Warning || (category is not null && Array.Exists(Free, free => category.StartsWith(free, StringComparison.Ordinal)));
}
