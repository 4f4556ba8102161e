using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>The rights that the core's user of Redis needs (ACL, redis.io/docs/management/security/acl): what is called, by the driver or by a script, and nothing else.</summary>
internal static class RedisRights
{
    /// <summary>For keys: see <see cref="Mailboxes.RedisKeys"/>.</summary>
    private static readonly string[] OnKeys =
    [
        "del", "exists", "expire", "get", "getrange", "hdel", "hexists", "hget", "hgetall", "hincrby", "hscan", "hset", "hsetnx", "llen", "lrange", "ltrim", "mget", "pexpire", "rpush", "rpushx", "sadd", "set", "setnx", "setrange", "srandmember",
        "srem", "strlen", "zadd", "zcard", "zrange", "zrangebyscore", "zrem", "zremrangebyscore", "zscore",
    ];

    /// <summary>Without keys of their own. <c>cluster|...</c> is needed on a cluster alone, <c>scan</c> by audit and fingerprint keys, <c>config|get</c> to judge durability.</summary>
    private static readonly string[] Others =
    [
        "acl|dryrun", "acl|whoami", "client|id", "client|setname", "cluster|nodes", "cluster|slots", "config|get", "echo", "eval", "evalsha", "info", "ping", "publish", "scan", "script|load", "subscribe", "time",
    ];

    /// <summary>For <c>ACL SETUSER</c>, behind name and password.</summary>
    public static string Rules { get; } = "resetkeys ~{*}* ~core-store:* resetchannels &core-store:* -@all " + string.Join(' ', OnKeys.Concat(Others).Select(static command => "+" + command));

    /// <summary>All commands, subcommands behind a bar.</summary>
    public static IEnumerable<string> Commands => OnKeys.Concat(Others);

    /// <summary>As whom Redis knows this connection; null if the user may not ask, or before Redis 6.</summary>
    public static async Task<string?> UserAsync(IServer server)
    {
        try
        {
            return (await server.ExecuteAsync("ACL", "WHOAMI").ConfigureAwait(false)).ToString();
        }
        catch (Exception fault) when (fault is RedisServerException or RedisCommandException)
        {
            return null;
        }
    }

    /// <summary>What to do about an answer of Redis, or a log with one, that says that a right is missing; null if it does not.</summary>
    public static string? Refusal(string said)
    {
        int at = said.IndexOf("NOPERM", StringComparison.Ordinal);
        if (at < 0) return null;
        string line = said[at..].Split('\r', '\n')[0];
        return $"The user in CoreStore:Redis lacks a right in Redis ({line}). README has the whole list for ACL SETUSER.";
    }

    /// <summary>Asks Redis by <c>ACL DRYRUN</c> which of the commands it would refuse a user, on keys and channels that the core uses. Those of a cluster are not asked for.</summary>
    /// <returns>Empty if none, or if nobody may ask: what is missing then shows in the first call that needs it.</returns>
    public static async Task<IReadOnlyList<string>> MissingAsync(IServer server, string user)
    {
        try
        {
            List<string> missing = [];
            foreach ((string name, object[] call) in OnKeys.Select(static command => (command, Sample(command))).Concat(OtherSamples))
            {
                string answer = (await server.ExecuteAsync("ACL", ["DRYRUN", user, .. call]).ConfigureAwait(false)).ToString();
                if (answer != "OK") missing.Add(name);
            }

            return missing;
        }
        catch (Exception fault) when (fault is RedisServerException or RedisCommandException)
        {
            return [];   // not allowed, or older than Redis 7
        }
    }

    private static readonly (string Name, object[] Call)[] OtherSamples =
    [
        ("~core-store:*", ["get", "core-store:x"]), ("&core-store:*", ["subscribe", "core-store:x"]), ("subscribe", ["subscribe", "core-store:x"]), ("publish", ["publish", "core-store:x", "1"]),
        ("client|id", ["client", "id"]), ("client|setname", ["client", "setname", "x"]), ("config|get", ["config", "get", "x"]), ("echo", ["echo", "1"]), ("eval", ["eval", "return 1", "0"]),
        ("evalsha", ["evalsha", "x", "0"]), ("info", ["info"]), ("ping", ["ping"]), ("scan", ["scan", "0"]), ("script|load", ["script", "load", "return 1"]), ("time", ["time"]),
    ];

    /// <summary>A call with enough arguments to be one.</summary>
    private static object[] Sample(string command) => command switch
    {
        "del" or "exists" or "get" or "hgetall" or "llen" or "mget" or "srandmember" or "strlen" or "zcard" => [command, "{0}x"],
        "hdel" or "hexists" or "hget" or "hscan" or "expire" or "pexpire" or "rpush" or "rpushx" or "sadd" or "set" or "setnx" or "srem" or "zrem" or "zscore" => [command, "{0}x", "1"],
        _ => [command, "{0}x", "1", "1"],
    };
}
