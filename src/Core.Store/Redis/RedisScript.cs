using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Core.Store.Redis;

/// <summary>A Lua script: sent once to each server, called by its hash; those with a number as parts of <see cref="Together"/> alone.</summary>
internal sealed class RedisScript
{
    private const string IncludeMark = "-- include: ";

    /// <summary>What scripts call all the time, and its name as a local: Lua looks a global and its field up at each call.</summary>
    private static readonly (string Call, string Local)[] Locals =
        [("redis.call", "redisCall"), ("string.sub", "stringSub"), ("string.byte", "stringByte"), ("string.format", "stringFormat"), ("string.find", "stringFind")];

    // Those that come in crowds have a number, by which together.lua knows them.
    public static readonly RedisScript Enqueue = new("enqueue.lua", number: 1);
    public static readonly RedisScript End = new("end.lua", number: 2);
    public static readonly RedisScript Register = new("register.lua", number: 3);
    public static readonly RedisScript Unregister = new("unregister.lua", number: 4);
    public static readonly RedisScript Page = new("page.lua", number: 5);
    public static readonly RedisScript Fail = new("fail.lua", number: 6);
    public static readonly RedisScript Drop = new("drop.lua");
    public static readonly RedisScript Look = new("look.lua");
    public static readonly RedisScript Ask = new("ask.lua");
    public static readonly RedisScript Tell = new("tell.lua");
    public static readonly RedisScript ToTell = new("totell.lua");
    public static readonly RedisScript OpenTold = new("open-told.lua");
    public static readonly RedisScript Told = new("told.lua");
    public static readonly RedisScript Orphans = new("orphans.lua");
    public static readonly RedisScript DeleteAccount = new("delete-account.lua");
    public static readonly RedisScript ReplaceAccount = new("replace-account.lua");
    public static readonly RedisScript Reseal = new("reseal.lua");
    public static readonly RedisScript Lease = new("lease.lua");
    public static readonly RedisScript Release = new("release.lua");
    public static readonly RedisScript Sign = new("sign.lua");
    public static readonly RedisScript Epoch = new("epoch.lua");
    public static readonly RedisScript Seen = new("seen.lua");
    public static readonly RedisScript Poison = new("poison.lua");

    /// <summary>Runs many of those with a number in one call.</summary>
    public static readonly RedisScript Together = new("together.lua", Enqueue, End, Register, Unregister, Page, Fail);

    /// <summary>All that Redis is to know.</summary>
    public static readonly IReadOnlyList<RedisScript> All =
        [Drop, Look, Ask, Tell, ToTell, OpenTold, Told, Orphans, DeleteAccount, ReplaceAccount, Reseal, Lease, Release, Sign, Epoch, Seen, Poison, Together];

    private readonly string[] _includes;
    private readonly string _own;

    private RedisScript(string file, byte number = 0)
    {
        Number = number;
        string[] lines = Read(file).Split('\n');
        _includes = [.. lines.Where(static line => line.StartsWith(IncludeMark, StringComparison.Ordinal)).Select(static line => line[IncludeMark.Length..].Trim())];
        _own = string.Join('\n', lines);
        Text = number == 0 ? Localized(string.Concat(_includes.Select(Read)) + _own) : string.Empty;
        Hash = number == 0 ? HashOf(Text) : [];
    }

    private RedisScript(string file, params RedisScript[] many)
    {
        _includes = [.. many.SelectMany(static script => script._includes).Distinct()];
        _own = Read(file);
        StringBuilder text = new(string.Concat(_includes.Select(Read)));
        text.Append("local KEYS, ARGV, scripts = KEYS, ARGV, {}\n");
        foreach (RedisScript script in many) text.Append(CultureInfo.InvariantCulture, $"scripts[{script.Number}] = function(k, a, keyCount)\n{AmongMany(script._own)}\nend\n");
        Text = Localized(text.Append(_own).ToString());
        Hash = HashOf(Text);
    }

    /// <summary>By which <see cref="Together"/> knows it; 0 if it does not.</summary>
    public byte Number { get; }

    /// <summary>The whole script, with what it includes in front; empty for one with a number.</summary>
    public string Text { get; }

    /// <summary>What EVALSHA knows it by.</summary>
    public byte[] Hash { get; }

    /// <summary>A script whose keys and arguments stand behind those of others: tables of its own would cost it more than its calls of Redis.</summary>
    private static string AmongMany(string script) => script
        .Replace("#KEYS", "keyCount", StringComparison.Ordinal)
        .Replace("KEYS[", "KEYS[k + ", StringComparison.Ordinal)
        .Replace("ARGV[", "ARGV[a + ", StringComparison.Ordinal);

    private static string Localized(string text)
    {
        foreach ((string call, string local) in Locals) text = text.Replace(call + "(", local + "(", StringComparison.Ordinal);
        return $"local {string.Join(", ", Locals.Select(static l => l.Local))} = {string.Join(", ", Locals.Select(static l => l.Call))}\n{text}";
    }

    private static byte[] HashOf(string text)
    {
#pragma warning disable CA5350 // SHA-1 is what EVALSHA names scripts by
        return SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
    }

    private static string Read(string file)
    {
        using Stream stream = typeof(RedisScript).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"no script {file}");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
