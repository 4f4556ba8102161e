using System.Buffers.Text;
using Core.Store.Mailboxes;
using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>Asks one server in turns: what is asked while a turn is on its way leaves together when that one is answered, and its answers are handed out together.</summary>
/// <remarks>
/// What a turn costs whatever it carries: a wait for Redis' disk, packets, changes of thread (figures in docs/adr/0001). A question that is alone leaves at once.
/// The scripts of a turn leave in one call, so that Redis waits for its disk once; those that fill the memory come first in it: <c>together.lua</c> says why. Of one
/// sort, those about one partition keep their order. A turn begins behind what the pool's threads have to do already, so a crowd that comes together leaves together.
/// Ends have patience: nobody waits for them, so they leave with the next question of another sort, or a little later alone. What runs on the answers runs one after
/// the other: it may not block.
/// </remarks>
/// <param name="evaluate">Runs a script.</param>
/// <param name="settings">What <c>moment.lua</c> reads, as text.</param>
/// <param name="deadline">For how long anybody waits for an answer.</param>
/// <param name="patience">For how long ends wait for company; zero: nothing does, and a turn begins on the asker's thread.</param>
/// <param name="lanes">Turns that may be under way at the same time.</param>
internal sealed class RedisTurns(
    Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, Func<byte[]> settings, TimeSpan deadline, TimeSpan patience, int lanes) : IDisposable
{
    /// <summary>Most scripts of a call: about 3 ms, in which Redis answers nobody else.</summary>
    private const int MostTogether = 64;

    /// <summary>Bytes that <c>together.lua</c> reads in front of the time.</summary>
    private const int HeadBytes = 3;

    private readonly Lane[] _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new Lane(evaluate, settings, (long)deadline.TotalMilliseconds, patience))];

    /// <summary>Runs a script in the next turn.</summary>
    /// <param name="args">Of a script with a number the first one is now, in Unix ms.</param>
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

    /// <summary>Runs a script at once and alone, as it must be on a cluster.</summary>
    public static async Task<RedisResult> EvaluateAloneAsync(
        Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, Func<byte[]> settings, RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        if (script.Number == 0) return await evaluate(script, keys, args).ConfigureAwait(false);
        RedisResult answers = await evaluate(RedisScript.Together, [RedisKeys.SequenceBeside(keys[0]), .. keys], [settings(), Head(script, keys, args), .. args[1..]]).ConfigureAwait(false);
        return AnswerAt(answers, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Lane lane in _lanes) lane.Dispose();
    }

    /// <summary>Number, keys and arguments of a script, and now.</summary>
    private static byte[] Head(RedisScript script, RedisKey[] keys, RedisValue[] args)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat((long)args[0], digits, out int length);
        return [script.Number, (byte)keys.Length, (byte)args.Length, .. digits[..length]];
    }

    /// <exception cref="RedisException">The script failed, or has no answer.</exception>
    private static RedisResult AnswerAt(RedisResult answers, int place)
    {
        if (answers.Length <= place) throw new RedisException("together.lua gave too few answers.");
        RedisResult answer = answers[place];
        return answer.Resp2Type == ResultType.SimpleString ? throw new RedisServerException(RedisErrorKind.Unknown, CommandFlags.None, answer.ToString()) : answer;
    }

    /// <summary>By the key's hash tag, the partition: what is asked of one account keeps its order, whichever of its keys it names.</summary>
    private Lane LaneOf(RedisKey key)
    {
        if (_lanes.Length == 1) return _lanes[0];
        ReadOnlySpan<byte> name = (byte[])key!;
        HashCode tag = default;
        tag.AddBytes(name[..(name.IndexOf((byte)'}') + 1)]);
        return _lanes[(uint)tag.ToHashCode() % (uint)_lanes.Length];
    }

    private interface IQuestion
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

    private interface ICommand
    {
        /// <param name="left">For how long its answer is waited for.</param>
        Task Send(TimeSpan left);
    }

    private sealed class CommandQuestion<T>(Func<Task<T>> ask) : TaskCompletionSource<T>, IQuestion, ICommand
    {
        private Task<T>? _asked;

        public long AskedAt { get; } = Environment.TickCount64;

        public bool HasPatience => false;

        public Task Send(TimeSpan left) => _asked = SendAsync(left);

        public void Drop() => SetException(StoodStill());

        public void HandOut()
        {
            if (_asked is not null) SetFromTask(_asked);
        }

        private async Task<T> SendAsync(TimeSpan left) => await ask().WaitAsync(left).ConfigureAwait(false);   // what is thrown before it is sent is its answer too
    }

    private sealed class ScriptQuestion(RedisScript script, RedisKey[] keys, RedisValue[] args) : TaskCompletionSource<RedisResult>, IQuestion
    {
        private Task<RedisResult>? _asked;
        private int _place = -1;   // among the answers to a call for many

        public RedisScript Script => script;

        public RedisKey[] Keys => keys;

        public RedisValue[] Args => args;

        public long AskedAt { get; } = Environment.TickCount64;

        public bool HasPatience => script == RedisScript.End;

        public void Sent(Task<RedisResult> asked, int place = -1) => (_asked, _place) = (asked, place);

        public void Drop() => SetException(StoodStill());

        public void HandOut()
        {
            if (_asked is null) return;
            if (_place < 0 || !_asked.IsCompletedSuccessfully) SetFromTask(_asked);
            else Take(_asked.Result);
        }

        private void Take(RedisResult answers)
        {
            try
            {
                SetResult(AnswerAt(answers, _place));
            }
            catch (RedisException fault)
            {
                SetException(fault);
            }
        }
    }

    private static TimeoutException StoodStill() => new("Redis stands still.");

    private sealed class Lane : IDisposable
    {
        private readonly Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> _evaluate;
        private readonly Func<byte[]> _settings;
        private readonly long _deadlineMs;
        private readonly TimeSpan _patience;
        private readonly Timer _patienceOver;
        private readonly Lock _gate = new();
        private readonly List<ScriptQuestion> _filling = [];
        private readonly List<ScriptQuestion> _freeing = [];
        private readonly List<Task> _sent = [];
        private List<IQuestion> _waiting = [];
        private List<IQuestion> _turn = [];
        private bool _running;
        private bool _hurry;    // somebody waits for an answer among those waiting
        private bool _timing;   // the timer runs

        public Lane(Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, Func<byte[]> settings, long deadlineMs, TimeSpan patience)
        {
            (_evaluate, _settings, _deadlineMs, _patience) = (evaluate, settings, deadlineMs, patience);
            using (ExecutionContext.SuppressFlow()) _patienceOver = new Timer(static lane => ((Lane)lane!).HurryUp(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void Add(IQuestion question)
        {
            lock (_gate)
            {
                _waiting.Add(question);
                _hurry |= !question.HasPatience || _patience == TimeSpan.Zero;
                if (_running || !MayStart()) return;
                _running = true;
            }

            Start();
        }

        public void Dispose() => _patienceOver.Dispose();

        private void HurryUp()
        {
            lock (_gate)
            {
                _timing = false;
                _hurry = _waiting.Count > 0;
                if (_running || !_hurry) return;
                _running = true;
            }

            Start();
        }

        /// <summary>Whether a turn may leave now; else, if anything waits at all, the timer is set.</summary>
        private bool MayStart()
        {
            if (_waiting.Count == 0 || _hurry) return _hurry;
            if (_waiting.Count >= MostTogether) return true;
            if (_timing) return false;
            _timing = true;
            _patienceOver.Change(_patience, Timeout.InfiniteTimeSpan);
            return false;
        }

        /// <summary>Without the asker's context: it is no business of those who ask later.</summary>
        private void Start()
        {
            if (_patience != TimeSpan.Zero) ThreadPool.UnsafeQueueUserWorkItem(static lane => _ = lane.RunAsync(), this, preferLocal: false);
            else using (ExecutionContext.SuppressFlow()) _ = RunAsync();
        }

        private async Task RunAsync()
        {
            while (TryTake())
            {
                Send();
                foreach (Task asked in _sent) await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);   // nearly always answered with the last
                _sent.Clear();
                foreach (IQuestion question in _turn) question.HandOut();
                _turn.Clear();
            }
        }

        private bool TryTake()
        {
            lock (_gate)
            {
                _running = MayStart();
                if (!_running) return false;
                _hurry = false;
                (_turn, _waiting) = (_waiting, _turn);
                return true;
            }
        }

        private void Send()
        {
            long now = Environment.TickCount64;
            foreach (IQuestion question in _turn)
            {
                if (now - question.AskedAt >= _deadlineMs) question.Drop();
                else if (question is ICommand command) _sent.Add(command.Send(Left(question.AskedAt)));
                else Gather((ScriptQuestion)question);
            }

            if (_filling.Count + _freeing.Count <= MostTogether)
            {
                _filling.AddRange(_freeing);
                _freeing.Clear();
            }

            SendTogether(_filling);
            SendTogether(_freeing);
        }

        private void Gather(ScriptQuestion question)
        {
            if (question.Script.Number == 0)
            {
                SendAlone(question);
                return;
            }

            List<ScriptQuestion> sort = question.Script == RedisScript.Enqueue ? _filling : _freeing;
            sort.Add(question);
            if (sort.Count == MostTogether) SendTogether(sort);
        }

        private void SendTogether(List<ScriptQuestion> questions)
        {
            if (questions.Count == 0) return;
            Task<RedisResult> asked = InTime(_evaluate(RedisScript.Together, KeysOf(questions), ArgsOf(questions)), questions.Min(static question => question.AskedAt));
            for (int i = 0; i < questions.Count; i++) questions[i].Sent(asked, i);
            _sent.Add(asked);
            questions.Clear();
        }

        private static RedisKey[] KeysOf(List<ScriptQuestion> questions)
        {
            RedisKey[] keys = new RedisKey[1 + questions.Sum(static question => question.Keys.Length)];
            keys[0] = RedisKeys.MessageSequence;
            int at = 1;
            foreach (ScriptQuestion question in questions)
            {
                question.Keys.CopyTo(keys, at);
                at += question.Keys.Length;
            }

            return keys;
        }

        private RedisValue[] ArgsOf(List<ScriptQuestion> questions)
        {
            RedisValue[] args = new RedisValue[1 + questions.Sum(static question => question.Args.Length)];
            args[0] = _settings();
            int at = 1;
            foreach (ScriptQuestion question in questions)
            {
                question.Args.CopyTo(args, at);
                args[at] = Head(question.Script, question.Keys, question.Args);
                at += question.Args.Length;
            }

            return args;
        }

        private void SendAlone(ScriptQuestion question)
        {
            Task<RedisResult> asked = InTime(_evaluate(question.Script, question.Keys, question.Args), question.AskedAt);
            question.Sent(asked);
            _sent.Add(asked);
        }

        private Task<RedisResult> InTime(Task<RedisResult> asked, long firstAskedAt) => asked.WaitAsync(Left(firstAskedAt));

        /// <summary>No question waits longer than the deadline, counted from when it was asked: not the first one of a call, and so none of it.</summary>
        private TimeSpan Left(long firstAskedAt) => TimeSpan.FromMilliseconds(Math.Max(0, _deadlineMs - (Environment.TickCount64 - firstAskedAt)));
    }
}
