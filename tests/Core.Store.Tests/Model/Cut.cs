using System.Reflection;
using Core.Store.Redis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Core.Store.Tests.Model;

/// <summary>What happens to a core in the middle of an operation.</summary>
internal enum CutKind
{
    /// <summary>It dies before it sends the call.</summary>
    DiesBefore,

    /// <summary>It dies once Redis has done the call: the answer is lost.</summary>
    DiesAfter,

    /// <summary>It stands still before the call, and the other core does something meanwhile.</summary>
    Waits,
}

/// <summary>Where an operation is cut: at its n-th call of Redis that writes, runs a script or reads records. The store and its model count the same calls.</summary>
internal sealed class Cut
{
    private int _at;
    private int _calls;
    private CutKind _kind;
    private Action? _meanwhile;

    /// <summary>Whether the core died, and so nobody got the operation's answer.</summary>
    public bool Died { get; private set; }

    public void Arm(int at, CutKind kind, Action? meanwhile) => (_at, _calls, _kind, _meanwhile, Died) = (at, 0, kind, meanwhile, false);

    public void Disarm() => Arm(0, CutKind.Waits, null);

    public void Before()
    {
        if (Died) throw Death();
        if (++_calls != _at) return;
        if (_kind == CutKind.DiesBefore) Die();
        if (_kind == CutKind.Waits) _meanwhile!();
    }

    public void After()
    {
        if (_calls == _at && _kind == CutKind.DiesAfter) Die();
    }

    private void Die()
    {
        Died = true;
        throw Death();
    }

    private static RedisException Death() => new("the core is dead");
}

/// <summary>A connection that a test can cut, and on which every call but the sweeper's search ends before it returns: so that a core does one thing after another, in the same order each time.</summary>
internal sealed class CutConnection(IOptions<CoreStoreOptions> options, TurnSettings settings, ILogger<RedisConnection> logger) : RedisConnection(options, settings, logger)
{
    private IDatabase? _database;

    public Cut Cut { get; } = new();

    /// <summary>What totell.lua has answered: it picks at random, so the model is told.</summary>
    public Queue<RedisResult[]> ToTellReplies { get; } = new();

    protected override TimeSpan PaceOfTurns => TimeSpan.Zero;

    protected override TimeSpan PatienceOfEnds => TimeSpan.Zero;

    public override IDatabase Database => _database ??= CutDatabase.Around(base.Database, this);
}

/// <summary>Forwards every call, through a <see cref="Cut"/>.</summary>
public class CutDatabase : DispatchProxy
{
    private IDatabase _inner = null!;
    private CutConnection _owner = null!;

    internal static IDatabase Around(IDatabase inner, CutConnection owner)
    {
        IDatabase proxy = Create<IDatabase, CutDatabase>();
        ((CutDatabase)(object)proxy)._inner = inner;
        ((CutDatabase)(object)proxy)._owner = owner;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        bool counts = targetMethod!.Name switch
        {
            nameof(IDatabase.ScriptEvaluateAsync) or nameof(IDatabase.StringSetAsync) or nameof(IDatabase.SetRemoveAsync) or nameof(IDatabase.HashSetAsync) or nameof(IDatabase.KeyExpireAsync) => true,
            nameof(IDatabase.StringGetAsync) => args![0] is RedisKey[],
            _ => false,
        };
        if (counts) _owner.Cut.Before();
        object? result = targetMethod.Invoke(_inner, args);
        if (result is not Task asked || targetMethod.Name == nameof(IDatabase.SortedSetRangeByScoreAsync)) return result;
        try
        {
            asked.GetAwaiter().GetResult();
        }
        catch (RedisException)
        {
            return result;   // the caller awaits it
        }

        if (args![0] is byte[] hash && hash == RedisScript.ToTell.Hash) _owner.ToTellReplies.Enqueue((RedisResult[])((Task<RedisResult>)asked).Result!);
        if (counts) _owner.Cut.After();
        return result;
    }
}
