using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>What <c>together.lua</c> is given, and what it answers.</summary>
internal static class TogetherCall
{
    /// <summary>Runs one script with a number, at once and alone, as it must be on a cluster; any other as it is.</summary>
    /// <exception cref="RedisException">It failed.</exception>
    public static async Task<RedisResult> EvaluateAloneAsync(
        Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, Moment moment, RedisKey sequence, RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        if (script.Number == 0) return await evaluate(script, keys, args).ConfigureAwait(false);
        ScriptQuestion[] one = [new(script, keys, args)];
        return AnswerAt(await evaluate(RedisScript.Together, Keys(sequence, one), Args(moment, one)).ConfigureAwait(false), 0);
    }

    public static RedisKey[] Keys(RedisKey sequence, IReadOnlyCollection<ScriptQuestion> questions)
    {
        RedisKey[] keys = new RedisKey[1 + questions.Sum(static question => question.Keys.Length)];
        keys[0] = sequence;
        int at = 1;
        foreach (ScriptQuestion question in questions)
        {
            question.Keys.CopyTo(keys, at);
            at += question.Keys.Length;
        }

        return keys;
    }

    public static RedisValue[] Args(Moment moment, IReadOnlyCollection<ScriptQuestion> questions)
    {
        RedisValue[] args = new RedisValue[3 + questions.Sum(static question => question.Args.Length)];
        byte[] plan = new byte[3 * questions.Count];
        (args[0], args[1], args[2]) = (moment.Settings, moment.NowMs, plan);
        int at = 3, step = 0;
        foreach (ScriptQuestion question in questions)
        {
            plan[step++] = question.Script.Number;
            plan[step++] = (byte)question.Keys.Length;
            plan[step++] = (byte)question.Args.Length;
            question.Args.CopyTo(args, at);
            at += question.Args.Length;
        }

        return args;
    }

    /// <exception cref="RedisException">The script failed, or has no answer.</exception>
    public static RedisResult AnswerAt(RedisResult answers, int place)
    {
        if (answers.Length <= place) throw new RedisException("together.lua gave too few answers.");
        RedisResult answer = answers[place];
        return answer.Resp2Type == ResultType.SimpleString ? throw new RedisServerException(RedisErrorKind.Unknown, CommandFlags.None, answer.ToString()) : answer;
    }
}
