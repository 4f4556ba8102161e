using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>Asks one server in turns: what is asked while a turn is on its way leaves together when that one is answered, and its answers are handed out together.</summary>
/// <remarks>
/// What a turn costs whatever it carries: a wait for Redis' disk, packets, changes of thread (figures in docs/adr/0001). A question after a pause leaves at once, but for ends.
/// The scripts of a turn leave in one call, so that Redis waits for its disk once; those that fill the memory come first in it: <c>together.lua</c> says why. Of one
/// sort, those about one partition keep their order. A turn begins behind what the pool's threads have to do already, so a crowd that comes together leaves together.
/// Ends of messages have patience: hardly anybody waits for them, so they leave with the next question of another sort, or a little later alone. What runs on the
/// answers runs one after the other: it may not block.
/// </remarks>
/// <param name="evaluate">Runs a script.</param>
/// <param name="moment">What <c>moment.lua</c> reads; taken when a call leaves.</param>
/// <param name="deadline">For how long anybody waits for an answer.</param>
/// <param name="pace">How long after a turn has begun the next one may begin, if it is not full. After a pause a question leaves at once.</param>
/// <param name="patience">For how long ends wait for company; zero: nothing does, and a turn begins on the asker's thread.</param>
/// <param name="lanes">Turns that may be under way at the same time.</param>
internal sealed class RedisTurns(
    Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, Func<Moment> moment, TimeSpan deadline, TimeSpan pace, TimeSpan patience, int lanes) : IDisposable
{
    private readonly TurnLane[] _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new TurnLane(evaluate, moment, deadline, pace, patience))];

    /// <summary>Runs a script in the next turn.</summary>
    /// <exception cref="TimeoutException">It stood in line for longer than anybody waits for its answer, and was not sent.</exception>
    public Task<RedisResult> EvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        ScriptQuestion question = new(script, keys, args);
        LaneOf(keys[0]).Add(question);
        return question.Task;
    }

    /// <summary>Asks anything else in the next turn.</summary>
    /// <param name="key">What it is about.</param>
    /// <param name="ask">Sends it.</param>
    /// <exception cref="TimeoutException">It stood in line for longer than anybody waits for its answer, and was not sent.</exception>
    public Task<T> AskAsync<T>(RedisKey key, Func<Task<T>> ask)
    {
        CommandQuestion<T> question = new(ask);
        LaneOf(key).Add(question);
        return question.Task;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TurnLane lane in _lanes) lane.Dispose();
    }

    /// <summary>By the key's hash tag, the partition: what is asked of one account keeps its order, whichever of its keys it names.</summary>
    private TurnLane LaneOf(RedisKey key)
    {
        if (_lanes.Length == 1) return _lanes[0];
        ReadOnlySpan<byte> name = (byte[])key!;
        HashCode tag = default;
        tag.AddBytes(name[..(name.IndexOf((byte)'}') + 1)]);
        return _lanes[(uint)tag.ToHashCode() % (uint)_lanes.Length];
    }
}
