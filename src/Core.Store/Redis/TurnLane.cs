using System.Diagnostics;
using Core.Store.Mailboxes;
using StackExchange.Redis;

namespace Core.Store.Redis;

/// <summary>One turn after the other (<see cref="RedisTurns"/>).</summary>
internal sealed class TurnLane : IDisposable
{
    /// <summary>Most scripts of a call: about 3 ms, in which Redis answers nobody else.</summary>
    private const int MostTogether = 64;

    private readonly Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> _evaluate;
    private readonly Func<Moment> _moment;
    private readonly long _patienceMs;
    private readonly long _paceMs;
    private readonly long _deadlineMs;
    private readonly long _sendWithinMs;   // what is older would have next to no time left for its answer, and with it all others of its turn
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private readonly List<ScriptQuestion> _filling = [];
    private readonly List<ScriptQuestion> _freeing = [];
    private readonly List<Task> _sent = [];
    private List<ITurnQuestion> _waiting = [];
    private List<ITurnQuestion> _turn = [];
    private TimeSpan _left;   // for the answers of this turn
    private bool _running;
    private bool _hurry;      // somebody waits for an answer among those waiting
    private long _begunAt = long.MinValue / 2;   // when the last turn began
    private long _dueAt = long.MaxValue;         // when the timer ends
    private bool _closed;

    public TurnLane(Func<RedisScript, RedisKey[], RedisValue[], Task<RedisResult>> evaluate, Func<Moment> moment, TimeSpan deadline, TimeSpan pace, TimeSpan patience)
    {
        (_evaluate, _moment) = (evaluate, moment);
        (_deadlineMs, _paceMs, _patienceMs) = ((long)deadline.TotalMilliseconds, (long)pace.TotalMilliseconds, (long)patience.TotalMilliseconds);
        _sendWithinMs = _deadlineMs * 3 / 4;
        using (ExecutionContext.SuppressFlow()) _timer = new Timer(static lane => ((TurnLane)lane!).HurryUp(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(ITurnQuestion question)
    {
        bool closed;
        lock (_gate)
        {
            closed = _closed;
            if (!closed)
            {
                _waiting.Add(question);
                _hurry |= !question.HasPatience || _patienceMs == 0;
                if (_running || !MayStart()) return;
                _running = true;
            }
        }

        if (closed) question.Drop();
        else Start();
    }

    /// <summary>Drops what waits; what is under way is still answered.</summary>
    public void Dispose()
    {
        List<ITurnQuestion> left;
        lock (_gate)
        {
            _closed = true;
            (left, _waiting) = (_waiting, []);
            _timer.Dispose();
        }

        foreach (ITurnQuestion question in left) question.Drop();
    }

    private void HurryUp()
    {
        lock (_gate)
        {
            _dueAt = long.MaxValue;
            _hurry = _waiting.Count > 0;
            _begunAt = long.MinValue / 2;   // what the timer was set for is over
            if (_running || !_hurry) return;
            _running = true;
        }

        Start();
    }

    /// <summary>Whether a turn may leave now; else, if anything waits at all, the timer is set.</summary>
    private bool MayStart()
    {
        if (_waiting.Count == 0) return false;
        long now = PreciseMs(), wait = Math.Max(_hurry ? 0 : _patienceMs, _begunAt + _paceMs - now);
        if (wait <= 0 || _waiting.Count >= MostTogether) return true;
        if (now + wait >= _dueAt) return false;
        _dueAt = now + wait;
        _timer.Change(wait, Timeout.Infinite);
        return false;
    }

    /// <summary>The system's own count of milliseconds moves by up to four at once.</summary>
    private static long PreciseMs() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000);

    /// <summary>Without the asker's context: it is no business of those who ask later.</summary>
    private void Start()
    {
        if (_patienceMs != 0) ThreadPool.UnsafeQueueUserWorkItem(static lane => _ = lane.RunAsync(), this, preferLocal: false);
        else using (ExecutionContext.SuppressFlow()) _ = RunAsync();
    }

    private async Task RunAsync()
    {
        while (TryTake())
        {
            Send();
            foreach (Task asked in _sent) await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);   // nearly always answered with the last
            _sent.Clear();
            foreach (ITurnQuestion question in _turn) question.HandOut();
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
            _begunAt = PreciseMs();
            (_turn, _waiting) = (_waiting, _turn);
            return true;
        }
    }

    /// <summary>Sends what is young enough.</summary>
    /// <remarks>
    /// No question waits longer than the deadline, counted from when it was asked. All of a turn are answered together, so none waits longer than the oldest may.
    /// </remarks>
    private void Send()
    {
        long now = Environment.TickCount64, oldest = now;
        foreach (ITurnQuestion question in _turn)
        {
            if (now - question.AskedAt >= _sendWithinMs) question.Drop();
            else oldest = Math.Min(oldest, question.AskedAt);
        }

        _left = TimeSpan.FromMilliseconds(_deadlineMs - (now - oldest));
        foreach (ITurnQuestion question in _turn)
        {
            if (now - question.AskedAt >= _sendWithinMs) continue;
            if (question is ITurnCommand command) _sent.Add(command.Send(_left));
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
        Task<RedisResult> asked = _evaluate(
            RedisScript.Together, TogetherCall.Keys(RedisKeys.MessageSequence, questions), TogetherCall.Args(_moment(), questions)).WaitAsync(_left);
        for (int i = 0; i < questions.Count; i++) questions[i].Sent(asked, i);
        _sent.Add(asked);
        questions.Clear();
    }

    private void SendAlone(ScriptQuestion question)
    {
        Task<RedisResult> asked = _evaluate(question.Script, question.Keys, question.Args).WaitAsync(_left);
        question.Sent(asked);
        _sent.Add(asked);
    }
}
