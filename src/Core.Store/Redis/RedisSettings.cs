using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>The settings of a Redis that decide whether an accepted message survives; null for one that it does not tell.</summary>
internal sealed record RedisSettings(string? AppendOnly, string? AppendFsync, string? NoFsyncOnRewrite, string? EvictionPolicy)
{
    /// <summary>Asks with CONFIG GET; where that is forbidden or not known, with INFO, which tells less.</summary>
    public static async Task<RedisSettings> ReadAsync(IServer server)
    {
        RedisSettings settings = new(
            await ConfigAsync(server, "appendonly").ConfigureAwait(false),
            await ConfigAsync(server, "appendfsync").ConfigureAwait(false),
            await ConfigAsync(server, "no-appendfsync-on-rewrite").ConfigureAwait(false),
            await ConfigAsync(server, "maxmemory-policy").ConfigureAwait(false));
        if (settings is { AppendOnly: not null, EvictionPolicy: not null }) return settings;

        Dictionary<string, string> info = await InfoAsync(server).ConfigureAwait(false);
        return settings with
        {
            AppendOnly = settings.AppendOnly ?? (info.TryGetValue("aof_enabled", out string? aof) ? (aof == "1" ? "yes" : "no") : null),
            EvictionPolicy = settings.EvictionPolicy ?? info.GetValueOrDefault("maxmemory_policy"),
        };
    }

    /// <summary>What must be set otherwise, and how.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        if (AppendOnly is null) faults.Add("it does not tell whether it keeps an append-only file (allow CONFIG GET or INFO, and set appendonly yes)");
        else if (AppendOnly != "yes") faults.Add("set appendonly yes (now " + AppendOnly + ": a restart loses what was accepted)");
        if (EvictionPolicy is null) faults.Add("it does not tell its maxmemory-policy (allow CONFIG GET or INFO, and set maxmemory-policy noeviction)");
        else if (EvictionPolicy != "noeviction") faults.Add("set maxmemory-policy noeviction (now " + EvictionPolicy + ": full memory drops waiting messages)");
        if (NoFsyncOnRewrite == "yes") faults.Add("set no-appendfsync-on-rewrite no (now yes: a crash during a rewrite loses up to 30 seconds)");
        return faults;
    }

    /// <summary>Names what could not be read but is not refused.</summary>
    public string Unknown() => string.Join(", ", new[] { AppendFsync is null ? "appendfsync" : null, NoFsyncOnRewrite is null ? "no-appendfsync-on-rewrite" : null }.OfType<string>());

    private static async Task<string?> ConfigAsync(IServer server, string name)
    {
        try
        {
            KeyValuePair<string, string>[] found = await server.ConfigGetAsync(name).ConfigureAwait(false);
            return found.Length == 1 && found[0].Value.Length > 0 ? found[0].Value : null;
        }
        catch (Exception fault) when (fault is RedisServerException or RedisCommandException)
        {
            return null;   // forbidden, renamed, or unknown to this server
        }
    }

    private static async Task<Dictionary<string, string>> InfoAsync(IServer server)
    {
        try
        {
            return (await server.InfoAsync().ConfigureAwait(false)).SelectMany(section => section)
                .GroupBy(line => line.Key).ToDictionary(lines => lines.Key, lines => lines.First().Value);
        }
        catch (Exception fault) when (fault is RedisServerException or RedisCommandException)
        {
            return [];
        }
    }
}
