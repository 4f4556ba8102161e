using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>What is asked of Redis in a turn (<see cref="RedisTurns"/>).</summary>
internal interface ITurnQuestion
{
    /// <summary>In milliseconds since the system started.</summary>
    long AskedAt { get; }

    /// <summary>Whether it may wait for company.</summary>
    bool HasPatience { get; }

    /// <summary>Fails it, not sent: its caller has given up.</summary>
    void Drop();

    /// <summary>Runs what waits for the answer, if it was sent.</summary>
    void HandOut();
}

/// <summary>One that is sent by itself.</summary>
internal interface ITurnCommand : ITurnQuestion
{
    /// <param name="left">For how long its answer is waited for.</param>
    Task Send(TimeSpan left);
}

/// <inheritdoc cref="ITurnCommand"/>
internal sealed class CommandQuestion<T>(Func<Task<T>> ask) : TaskCompletionSource<T>, ITurnCommand
{
    private Task<T>? _asked;

    public long AskedAt { get; } = Environment.TickCount64;

    public bool HasPatience => false;

    public Task Send(TimeSpan left) => _asked = SendAsync(left);

    public void Drop() => SetException(new TimeoutException("Redis stands still."));

    public void HandOut()
    {
        if (_asked is not null) SetFromTask(_asked);
    }

    private async Task<T> SendAsync(TimeSpan left) => await ask().WaitAsync(left).ConfigureAwait(false);   // what is thrown before it is sent is its answer too
}

/// <summary>A script, alone in a call or among others.</summary>
internal sealed class ScriptQuestion(RedisScript script, RedisKey[] keys, RedisValue[] args) : TaskCompletionSource<RedisResult>, ITurnQuestion
{
    private Task<RedisResult>? _asked;
    private int _place = -1;   // among the answers to a call for many

    public RedisScript Script => script;

    public RedisKey[] Keys => keys;

    public RedisValue[] Args => args;

    public long AskedAt { get; } = Environment.TickCount64;

    public bool HasPatience => script == RedisScript.End;

    public void Sent(Task<RedisResult> asked, int place = -1) => (_asked, _place) = (asked, place);

    public void Drop() => SetException(new TimeoutException("Redis stands still."));

    public void HandOut()
    {
        if (_asked is null) return;
        if (_place < 0 || !_asked.IsCompletedSuccessfully)
        {
            SetFromTask(_asked);
            return;
        }

        try
        {
            SetResult(TogetherCall.AnswerAt(_asked.Result, _place));
        }
        catch (RedisException fault)
        {
            SetException(fault);
        }
    }
}
