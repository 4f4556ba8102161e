using System.Security.Cryptography;
using System.Text;

namespace Core.Store.Redis;

/// <summary>A Lua script: sent once to each server, called by its hash.</summary>
internal sealed class RedisScript
{
    private const string IncludeMark = "-- include: ";

    public static readonly RedisScript Enqueue = new("enqueue.lua");
    public static readonly RedisScript End = new("end.lua");
    public static readonly RedisScript Drop = new("drop.lua");
    public static readonly RedisScript Register = new("register.lua");
    public static readonly RedisScript Unregister = new("unregister.lua");
    public static readonly RedisScript Page = new("page.lua");
    public static readonly RedisScript Fail = new("fail.lua");
    public static readonly RedisScript Look = new("look.lua");
    public static readonly RedisScript Ask = new("ask.lua");
    public static readonly RedisScript Tell = new("tell.lua");
    public static readonly RedisScript ToTell = new("totell.lua");
    public static readonly RedisScript OpenTold = new("open-told.lua");
    public static readonly RedisScript Told = new("told.lua");
    public static readonly RedisScript Orphans = new("orphans.lua");
    public static readonly RedisScript DeleteAccount = new("delete-account.lua");
    public static readonly RedisScript ReplaceAccount = new("replace-account.lua");
    public static readonly RedisScript Lease = new("lease.lua");
    public static readonly RedisScript Release = new("release.lua");
    public static readonly RedisScript Sign = new("sign.lua");
    public static readonly RedisScript Epoch = new("epoch.lua");
    public static readonly RedisScript Seen = new("seen.lua");

    public static readonly IReadOnlyList<RedisScript> All =
        [Enqueue, End, Drop, Register, Unregister, Page, Fail, Look, Ask, Tell, ToTell, OpenTold, Told, Orphans, DeleteAccount, ReplaceAccount, Lease, Release, Sign, Epoch, Seen];

    private RedisScript(string file)
    {
        StringBuilder text = new();
        string own = Read(file);
        foreach (string line in own.Split('\n'))
        {
            if (line.StartsWith(IncludeMark, StringComparison.Ordinal)) text.AppendLine(Read(line[IncludeMark.Length..].Trim()));
        }

        Text = text.Append(own).ToString();
#pragma warning disable CA5350 // SHA-1 is what EVALSHA names scripts by
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    /// <summary>The whole script, with what it includes in front.</summary>
    public string Text { get; }

    /// <summary>What EVALSHA knows it by.</summary>
    public byte[] Hash { get; }

    private static string Read(string file)
    {
        using Stream stream = typeof(RedisScript).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"no script {file}");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
