using System.Security.Cryptography;
using System.Text;
using Edge.Sip.Parsing;
using Load.Engine;
using Load.Ledger;
using Load.Measures;
using Load.Reports;
using Load.Run;
using Load.Scenarios;

namespace Load.Sessions;

/// <summary>The engine for those who bring a runner of their own: users come online, send and receive by awaited calls; the ledger is the same.</summary>
/// <remarks>A thread of its own carries all users, as in a run; awaiting calls cost a task each, so a runner's rate is below the engine's.</remarks>
internal sealed class LoadSession : IUserEvents, ILoopDriven, IAsyncDisposable
{
    private readonly EventLoop _loop = new();
    private readonly Scenario _scenario;
    private readonly AccountNames _accounts;
    private readonly VirtualUser[] _users;
    private readonly ClientTls _tls;
    private readonly Fleet _fleet;
    private readonly UserAgents _agents;
    private readonly OnlinePump _pump;
    private readonly HandOvers _handOvers;
    private readonly MessageTexts _texts;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, Pending> _pending = [];                           // by message
    private readonly Dictionary<int, TaskCompletionSource<string?>> _refreshing = [];  // by user
    private readonly byte[] _text = new byte[MessageTexts.MostBytes];
    private readonly LatencySet _latencies = new();
    private int _errors;
    private int _refreshes;
    private long _sweepNs;

    public LoadSession(Scenario scenario, LoadTarget target, AccountNames accounts)
    {
        (_scenario, _accounts) = (scenario, accounts);
        _users = [.. Enumerable.Range(0, scenario.Users.Count).Select(i => new VirtualUser(i, accounts.NameOf(i)))];
        uint run = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        _texts = new MessageTexts(run);
        Ledger = new MessageLedger(new LedgerRules(_users.Length, accounts.TextOf, Clock.NowNs, target.Validity.Ns(), scenario.Caps.Findings));
        _tls = new ClientTls(target.AuthorityFile, target.ServerName, keepSessions: false);
        _agents = new UserAgents(_loop, this, scenario.Registration, new SipRequests(target.Domain, run), user => accounts.PasswordOf(user.Index), scenario.Seed + 2);
        _agents.Fleet = _fleet = new Fleet(_loop, _tls, target.Sip, _agents);
        _pump = new OnlinePump(_agents, scenario.Registration.InFlight);
        _handOvers = new HandOvers(new HttpPool(scenario.Http, target.Api, target.AuthorityFile), scenario.Http, scenario.Caps.Waiting, _loop, user => accounts.PasswordOf(user.Index)) { Ended = HandedOver };
        new Thread(Run) { IsBackground = true, Name = "engine" }.Start();
    }

    /// <summary>Everything that was sent. Read it when nothing is under way any more.</summary>
    public MessageLedger Ledger { get; }

    /// <summary>Users 0 to the number below this one come online.</summary>
    public int Online => (int)Math.Round(_scenario.Users.Count * _scenario.Users.Online);

    /// <summary>Brings users online and waits until all of them are.</summary>
    /// <exception cref="TimeoutException">They are not in time.</exception>
    public async Task ComeOnlineAsync(int first, int count, TimeSpan most)
    {
        _loop.Post(() =>
        {
            foreach (VirtualUser user in _users.AsSpan(first, count)) _pump.Enqueue(user);
        });
        long until = Clock.NowNs + most.Ns();
        while (await AskAsync(() => _users.AsSpan(first, count).ToArray().Count(static user => !user.IsRegistered)) is not 0 and int missing)
        {
            if (Clock.NowNs > until) throw new TimeoutException($"{missing} of {count} users are not online");
            await Task.Delay(20);
        }
    }

    /// <summary>Begins a message of a stream. Both tasks end: with null when it went well, else with the reason.</summary>
    public Task<SentMessage> SendAsync(TrafficPlan plan, int sender, int recipient) => AskAsync(() => Send(plan, _users[sender], _users[recipient]));

    /// <summary>REGISTER again.</summary>
    /// <returns>Null when it was answered with 200, else the reason.</returns>
    public async Task<string?> RefreshAsync(int user)
    {
        Task<string?> done = await AskAsync(() =>
        {
            TaskCompletionSource<string?> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_agents.Refresh(_users[user], Clock.NowNs)) source.SetResult("not registered, or a refresh is under way");
            else _refreshing[user] = source;
            return source.Task;
        });
        return await done;
    }

    /// <summary>Calls everybody for whom something waits, and waits until nothing does, or for as long as the scenario says.</summary>
    public async Task<SessionResult> DrainAsync()
    {
        long until = Clock.NowNs + _scenario.Phases.Drain.Ns();
        while (Clock.NowNs < until && await AskAsync(CallThoseWhoHaveToCome) > 0) await Task.Delay(50);
        await Task.Delay(TimeSpan.FromSeconds(1));   // a second copy would come about now
        return await AskAsync(() =>
        {
            Ledger.Close(Clock.NowNs, index => _users[index].RegisteredSinceNs);
            return new SessionResult(Ledger, Metrics());
        });
    }

    public async ValueTask DisposeAsync()
    {
        _loop.Stop();
        await _stopped.Task;
        _fleet.Dispose();
        _tls.Dispose();
        _handOvers.Dispose();
        _loop.Dispose();
    }

    void ILoopDriven.Ready(int user, int generation, uint ready)
    {
        if (_users[user].Generation == generation) _fleet.Ready(_users[user], ready);
    }

    void ILoopDriven.Due(VirtualUser user, TimerKind kind, int stamp) => _agents.Due(user, kind, stamp);

    long ILoopDriven.Turn(long nowNs)
    {
        _pump.Turn(nowNs);
        if (nowNs >= _sweepNs)
        {
            _sweepNs = nowNs + Clock.Second;
            _agents.Sweep(_users, nowNs);
            foreach ((int sequence, Pending pending) in _pending.ToArray())
            {
                if (nowNs - Ledger[sequence].SentNs > _scenario.Registration.AnswerWithin.Ns()) GiveUp(sequence, pending, "no answer");
            }
        }

        return _sweepNs;
    }

    void IUserEvents.Registered(VirtualUser user, long fromNs, long nowNs, bool refresh, bool resumed)
    {
        if (refresh) _refreshes++;
        _latencies.Record(refresh ? "refresh" : "register", nowNs - fromNs);
        if (refresh && _refreshing.Remove(user.Index, out TaskCompletionSource<string?>? refreshed)) refreshed.SetResult(null);
        _pump.Done(user);
    }

    void IUserEvents.Failed(VirtualUser user, string why)
    {
        _errors++;
        if (_refreshing.Remove(user.Index, out TaskCompletionSource<string?>? refreshed)) refreshed.SetResult(why);
        _pump.Done(user);
    }

    void IUserEvents.Answered(VirtualUser user, int sequence, int status, Guid messageId, long nowNs)
    {
        if (status is 200 or 202) Accept(sequence, messageId, nowNs);
        else Refuse(sequence, $"SIP {status}");
    }

    void IUserEvents.Unanswered(VirtualUser user, int sequence)
    {
        if (_pending.TryGetValue(sequence, out Pending? pending)) GiveUp(sequence, pending, "SIP connection ended before the answer");
    }

    void IUserEvents.Ponged(VirtualUser user, long tookNs) => _latencies.Record("keepalive", tookNs);

    void IUserEvents.Received(VirtualUser user, in SipRequest request, long nowNs)
    {
        int sequence = _texts.ReadSequence(request.Body);
        bool known = (uint)sequence < (uint)Ledger.Count;
        TrafficPlan? plan = known && _pending.TryGetValue(sequence, out Pending? sent) ? sent.Plan : null;
        ReceivedCopy copy = new()
        {
            Recipient = user.Index,
            Generation = user.Generation,
            Id = UserAgents.ReadMessageId(request.Headers),
            NowNs = nowNs,
            TextIsRight = plan is null || request.Body.SequenceEqual(_text.AsSpan(0, _texts.Write(_text, sequence, plan.Characters, plan.Script))),
            SecondsAfterExpiry = MessageDates.SecondsAfterExpiry(request.Headers, DateTimeOffset.UtcNow),
            LastBrokenNs = user.LastBrokenNs,
            ConnectionEndedNs = user.LastBrokenNs,
        };
        if (!Ledger.Deliver(sequence, copy)) return;
        if (Ledger[sequence].ToOnline) _latencies.Record("deliver", nowNs - Ledger[sequence].DueNs);
        else _latencies.Record("drain", nowNs - user.RegisteredSinceNs);
        if (!_pending.TryGetValue(sequence, out Pending? pending)) return;
        pending.Delivered.TrySetResult(null);
        if (pending.Accepted.Task.IsCompleted) _pending.Remove(sequence);
    }

    private void Run()
    {
        _loop.Run(this);
        foreach (VirtualUser user in _users)
        {
            user.Wanted = false;
            _fleet.Close(user);
        }

        _stopped.SetResult();
    }

    private SentMessage Send(TrafficPlan plan, VirtualUser sender, VirtualUser recipient)
    {
        Pending pending = new(plan);
        if (plan.Via == Way.Sip && !sender.IsRegistered)
        {
            _errors++;
            pending.End("the sender is not online");
            return new SentMessage(pending.Accepted.Task, pending.Delivered.Task);
        }

        long now = Clock.NowNs;
        int sequence = Ledger.Begin(new LedgerEntry
        {
            Id = plan.Via == Way.Sip ? default : Guid.CreateVersion7(),
            Sender = sender.Index,
            Recipient = recipient.Index,
            DueNs = now,
            SentNs = now,
            Way = plan.Via,
            Counts = true,
            ToOnline = recipient.Wanted,
        });
        _pending[sequence] = pending;
        ReadOnlySpan<byte> text = _text.AsSpan(0, _texts.Write(_text, sequence, plan.Characters, plan.Script));
        if (plan.Via == Way.Sip) _agents.Send(sender, recipient.Name, sequence, text);
        else if (!_handOvers.TryBegin(plan.Via, sequence, sender, Ledger[sequence].Id, Encoding.ASCII.GetString(recipient.Name), text.ToArray())) Refuse(sequence, "too many wait for a connection");
        return new SentMessage(pending.Accepted.Task, pending.Delivered.Task);
    }

    private void HandedOver(int sequence, HandOver result, long nowNs)
    {
        if (result.Accepted) Accept(sequence, Ledger[sequence].Id, nowNs);
        else if (result.Unknown && _pending.TryGetValue(sequence, out Pending? pending)) GiveUp(sequence, pending, result.Reason!);
        else Refuse(sequence, result.Reason!);
    }

    private void Accept(int sequence, Guid id, long nowNs)
    {
        Ledger.Accept(sequence, id, nowNs);
        ref LedgerEntry entry = ref Ledger[sequence];
        _latencies.Record("accept", nowNs - entry.DueNs);
        _latencies.Record(entry.Way switch { Way.Sip => "accept.sip", Way.Post => "accept.post", _ => "accept.grpc" }, nowNs - entry.DueNs);
        if (!_pending.TryGetValue(sequence, out Pending? pending)) return;
        pending.Accepted.TrySetResult(null);
        if (pending.Delivered.Task.IsCompleted) _pending.Remove(sequence);
    }

    private void Refuse(int sequence, string reason)
    {
        if (Ledger[sequence].State == SendState.Sent) _errors++;
        Ledger.Refuse(sequence);
        if (_pending.Remove(sequence, out Pending? pending)) pending.End(reason);
    }

    /// <summary>Nobody answered, or nobody received: whoever waits goes on; what comes later is in the ledger all the same.</summary>
    private void GiveUp(int sequence, Pending pending, string reason)
    {
        _errors++;
        if (Ledger[sequence].State == SendState.Sent) Ledger.GiveUp(sequence);
        _pending.Remove(sequence);
        pending.End(reason);
    }

    private SortedDictionary<string, double> Metrics()
    {
        SortedDictionary<string, double> metrics = new(StringComparer.Ordinal) { ["errors"] = _errors, ["registered"] = Online };
        MetricTable.Add(metrics, Ledger);
        MetricTable.Add(metrics, new WorkSums { Attempts = Ledger.Count + _refreshes + (int)_latencies["register"].TotalCount });
        foreach ((string name, HdrHistogram.LongHistogram histogram) in _latencies.All) MetricTable.Add(metrics, name, histogram);
        return metrics;
    }

    private int CallThoseWhoHaveToCome()
    {
        foreach (int recipient in Ledger.Recipients())
        {
            if (_users[recipient].Wanted) continue;
            _users[recipient].Wanted = true;
            _pump.Enqueue(_users[recipient]);
        }

        return Ledger.Outstanding + _pending.Values.Count(static pending => !pending.Accepted.Task.IsCompleted);
    }

    private async Task<T> AskAsync<T>(Func<T> question)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() => answer.SetResult(question()));
        return await answer.Task;
    }

    private sealed class Pending(TrafficPlan plan)
    {
        public TrafficPlan Plan => plan;

        public TaskCompletionSource<string?> Accepted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<string?> Delivered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void End(string reason)
        {
            Accepted.TrySetResult(reason);
            Delivered.TrySetResult(reason);
        }
    }
}

/// <summary>A message under way.</summary>
/// <param name="Accepted">Ends with null when the server has taken it over, else with the reason, from a closed set.</param>
/// <param name="Delivered">Ends with null when the recipient has it; if nobody receives it in time (registration.answerWithin), with a reason.</param>
internal sealed record SentMessage(Task<string?> Accepted, Task<string?> Delivered);
