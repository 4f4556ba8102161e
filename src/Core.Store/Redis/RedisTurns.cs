using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>Asks one server in turns: what is asked while a turn is on its way leaves together when that one is answered, and its answers are handed out together.</summary>
/// <remarks>
/// What a turn costs whatever it carries: a wait for Redis' disk, packets, changes of thread (figures in docs/adr/0001). A question that is alone leaves at once.
/// The scripts of a turn leave in one call, so that Redis waits for its disk once; those that fill the memory come first in it: <c>together.lua</c> says why. Of one
/// sort, those about one partition keep their order. What runs on the answers runs one after the other: it may not block.
/// </remarks>
/// <param name="evaluate">Runs a script.</param>
/// <param name="deadline">For how long anybody waits for an answer.</param>
/// <param name="lanes">Turns that may be under way at the same time.</param>
internal sealed class RedisTurns(Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, TimeSpan deadline, int lanes)
{
    /// <summary>Most scripts of a call: about 3 ms, in which Redis answers nobody else.</summary>
    private const int MostTogether = 64;

    private readonly Lane[] _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new Lane(evaluate, (long)deadline.TotalMilliseconds))];

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

        /// <summary>Fails it, not sent: its caller has given up.</summary>
        void Drop();

        /// <summary>Runs what waits for the answer, if it was sent.</summary>
        void HandOut();
    }

    private interface ICommand
    {
        Task Send();
    }

    private sealed class CommandQuestion<T>(Func<Task<T>> ask) : TaskCompletionSource<T>, IQuestion, ICommand
    {
        private Task<T>? _asked;

        public long AskedAt { get; } = Environment.TickCount64;

        public Task Send() => _asked = SendAsync();

        public void Drop() => SetException(StoodStill());

        public void HandOut()
        {
            if (_asked is not null) SetFromTask(_asked);
        }

        private async Task<T> SendAsync() => await ask().ConfigureAwait(false);   // what is thrown before it is sent is its answer too
    }

    private sealed class ScriptQuestion(RedisScript script, RedisKey[] keys, RedisValue[] args) : TaskCompletionSource<RedisResult>, IQuestion
    {
        private Task<RedisResult>? _asked;
        private int _place = -1;   // among the answers to a call for many

        public RedisScript Script => script;

        public RedisKey[] Keys => keys;

        public RedisValue[] Args => args;

        public long AskedAt { get; } = Environment.TickCount64;

        public void Sent(Task<RedisResult> asked, int place = -1) => (_asked, _place) = (asked, place);

        public void Drop() => SetException(StoodStill());

        public void HandOut()
        {
            if (_asked is null) return;
            if (_place < 0 || !_asked.IsCompletedSuccessfully) SetFromTask(_asked);
            else if (_asked.Result.Length <= _place) SetException(new RedisException("together.lua gave too few answers."));
            else if (_asked.Result[_place] is { Resp2Type: ResultType.SimpleString } fault) SetException(new RedisServerException(RedisErrorKind.Unknown, CommandFlags.None, fault.ToString()));
            else SetResult(_asked.Result[_place]);
        }
    }

    private static TimeoutException StoodStill() => new("Redis stands still.");

    private sealed class Lane(Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, long deadlineMs)
    {
        private readonly Lock _gate = new();
        private readonly List<ScriptQuestion> _filling = [];
        private readonly List<ScriptQuestion> _freeing = [];
        private readonly List<Task> _sent = [];
        private List<IQuestion> _waiting = [];
        private List<IQuestion> _turn = [];
        private bool _running;

        public void Add(IQuestion question)
        {
            lock (_gate)
            {
                _waiting.Add(question);
                if (_running) return;
                _running = true;
            }

            using (ExecutionContext.SuppressFlow()) _ = RunAsync();   // the first asker's context is no business of those who ask later
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
                _running = _waiting.Count > 0;
                (_turn, _waiting) = (_waiting, _turn);
                return _running;
            }
        }

        private void Send()
        {
            long now = Environment.TickCount64;
            foreach (IQuestion question in _turn)
            {
                if (now - question.AskedAt >= deadlineMs) question.Drop();
                else if (question is ICommand command) _sent.Add(command.Send());
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
            if (questions.Count == 1)
            {
                SendAlone(questions[0]);
            }
            else
            {
                Task<RedisResult> asked = evaluate(RedisScript.Together, KeysOf(questions), ArgsOf(questions));
                for (int i = 0; i < questions.Count; i++) questions[i].Sent(asked, i);
                _sent.Add(asked);
            }

            questions.Clear();
        }

        private static RedisKey[] KeysOf(List<ScriptQuestion> questions)
        {
            RedisKey[] keys = new RedisKey[questions.Sum(static question => question.Keys.Length)];
            int at = 0;
            foreach (ScriptQuestion question in questions)
            {
                question.Keys.CopyTo(keys, at);
                at += question.Keys.Length;
            }

            return keys;
        }

        private static RedisValue[] ArgsOf(List<ScriptQuestion> questions)
        {
            RedisValue[] args = new RedisValue[questions.Sum(static question => 1 + question.Args.Length)];
            int at = 0;
            foreach (ScriptQuestion question in questions)
            {
                args[at++] = (byte[])[question.Script.Number, (byte)question.Keys.Length, (byte)question.Args.Length];
                question.Args.CopyTo(args, at);
                at += question.Args.Length;
            }

            return args;
        }

        private void SendAlone(ScriptQuestion question)
        {
            Task<RedisResult> asked = evaluate(question.Script, question.Keys, question.Args);
            question.Sent(asked);
            _sent.Add(asked);
        }
    }
}
