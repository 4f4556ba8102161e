namespace Core.Store.Redis;

/// <summary>Hands out Redis' answers in turns: one change of thread for all that arrived together, instead of one for each.</summary>
/// <remarks>
/// For one server: it answers in the order in which it was asked, so whoever waits for the last question of a turn has the answers to all of them. What runs on them runs
/// one after the other, in the order of the questions, and its own next questions share packets. Without it an answer cost the thread pool a work item, and
/// mostly a thread that had to be woken: docs/adr/0001 has the figures. Nothing that is handed an answer may block its thread.
/// </remarks>
internal sealed class RedisTurns
{
    [ThreadStatic]
    private static Lane? _lane;   // whose turn this thread carries out: what it asks next stays together

    private readonly Lane[] _lanes = [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount / 2)).Select(_ => new Lane())];

    /// <summary>The same answer, given out with the others of its turn.</summary>
    /// <param name="asked">Sent already.</param>
    public Task<T> Share<T>(Task<T> asked)
    {
        if (asked.IsCompleted) return asked;
        Answer<T> answer = new(asked);
        (_lane ?? _lanes[Thread.GetCurrentProcessorId() % _lanes.Length]).Add(answer);
        return answer.Task;
    }

    /// <summary>A question under way.</summary>
    private interface IAnswer
    {
        Task Asked { get; }

        /// <summary>Runs what waits for it.</summary>
        void HandOut();
    }

    private sealed class Answer<T>(Task<T> asked) : TaskCompletionSource<T>, IAnswer
    {
        public Task Asked => asked;

        public void HandOut()
        {
            if (asked.IsCompleted) SetFromTask(asked);
            else _ = WaitAsync();   // cut off: what was under way then fails in no order
        }

        private async Task WaitAsync()
        {
            await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            SetFromTask(asked);
        }
    }

    private sealed class Lane
    {
        private readonly Lock _gate = new();
        private List<IAnswer> _waiting = [];
        private List<IAnswer> _turn = [];
        private bool _running;

        public void Add(IAnswer answer)
        {
            lock (_gate)
            {
                _waiting.Add(answer);
                if (_running) return;
                _running = true;
            }

            _ = RunAsync();
        }

        private async Task RunAsync()
        {
            while (TryTake())
            {
                await _turn[^1].Asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                _lane = this;
                foreach (IAnswer answer in _turn) answer.HandOut();
                _lane = null;
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
    }
}
