using System.Buffers.Text;
using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>What <c>together.lua</c> is given, and what it answers.</summary>
internal static class TogetherCall
{
    /// <summary>Runs one script with a number, at once and alone, as it must be on a cluster; any other as it is.</summary>
    /// <param name="args">Of a script with a number the first one is now, in Unix ms.</param>
    /// <exception cref="RedisException">It failed.</exception>
    public static async Task<RedisResult> EvaluateAloneAsync(
        Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, byte[] settings, RedisKey sequence, RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        if (script.Number == 0) return await evaluate(script, keys, args).ConfigureAwait(false);
        ScriptQuestion[] one = [new(script, keys, args)];
        return AnswerAt(await evaluate(RedisScript.Together, Keys(sequence, one), Args(settings, one)).ConfigureAwait(false), 0);
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

    public static RedisValue[] Args(byte[] settings, IReadOnlyCollection<ScriptQuestion> questions)
    {
        RedisValue[] args = new RedisValue[1 + questions.Sum(static question => question.Args.Length)];
        args[0] = settings;
        int at = 1;
        foreach (ScriptQuestion question in questions)
        {
            question.Args.CopyTo(args, at);
            args[at] = Head(question);
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

    /// <summary>Three bytes: number, keys and arguments of a script; then now.</summary>
    private static byte[] Head(ScriptQuestion question)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat((long)question.Args[0], digits, out int length);
        return [question.Script.Number, (byte)question.Keys.Length, (byte)question.Args.Length, .. digits[..length]];
    }
}
