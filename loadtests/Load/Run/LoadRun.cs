using System.Security.Cryptography;
using Edge.Sip.Parsing;
using Load.Engine;
using Load.Ledger;
using Load.Measures;
using Load.Scenarios;

namespace Load.Run;

/// <summary>One run of a scenario against a target: its own thread carries it through the phases; what is seen from outside are snapshots.</summary>
internal sealed class LoadRun : ILoopDriven, IUserEvents, IDisposable
{
    private const int MostRefused = 50;                   // of the first users, with nobody let in: there is nothing to measure
    private const long QuietNs = 1 * Clock.Second;        // after the last outstanding message: a second copy would come about now

    private readonly EventLoop _loop = new();
    private readonly VirtualUser[] _users;
    private readonly int _online;
    private readonly PhaseClock _phases;
    private readonly Counters _counters = new();
    private readonly LagMeter _lag;
    private readonly ClientTls _tls;
    private readonly Fleet _fleet;
    private readonly UserAgents _agents;
    private readonly OnlinePump _pump;
    private readonly HandOvers _handOvers;
    private readonly MessageTraffic _traffic;
    private readonly MessageTexts _texts;
    private readonly Happenings _happenings;
    private readonly SecondLook _again;
    private readonly ServerSampler _sampler;
    private readonly List<SeriesPoint> _series = [];
    private readonly List<string> _notes = [];
    private readonly Dictionary<string, string> _leftOut = new(StringComparer.Ordinal);
    private readonly long _beganNs = Clock.NowNs;
    private readonly DateTimeOffset _beganAt = DateTimeOffset.UtcNow;
    private readonly double _baseKilobytes;
    private readonly int[] _comingBefore;   // generations of a user that were registered: whether a registration is a return
    private int _registeredAtMeasure;
    private int _resumed;
    private bool _hinted;
    private double _kilobytesPerUser;
    private long _nextSecondNs;
    private long _doneSinceNs;              // nothing is outstanding any more since
    private long _poolProbeNs;
    private volatile bool _stopRequested;
    private volatile SeriesPoint? _last;

    /// <exception cref="CryptographicException">The authority's file cannot be used.</exception>
    public LoadRun(Scenario scenario, LoadTarget target, AccountNames accounts)
    {
        (Scenario, Target, Accounts) = (scenario, target, accounts);
        _users = [.. Enumerable.Range(0, scenario.Users.Count).Select(i => new VirtualUser(i, accounts.NameOf(i)))];
        _comingBefore = new int[_users.Length];
        _online = (int)Math.Round(scenario.Users.Count * scenario.Users.Online);
        _phases = new PhaseClock(scenario.Phases);
        _lag = new LagMeter(scenario.Honesty, _counters.Latencies["lag"]);
        uint run = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        _texts = new MessageTexts(run);
        Ledger = new MessageLedger(new LedgerRules(_users.Length, accounts.TextOf, _beganNs, target.Validity.Ns(), scenario.Caps.Findings));
        _tls = new ClientTls(target.AuthorityFile, target.ServerName, Happenings.NeedSessions(scenario));
        _agents = new UserAgents(_loop, this, scenario.Registration, new SipRequests(target.Domain, run), user => accounts.PasswordOf(user.Index), scenario.Seed + 2);
        _agents.Fleet = _fleet = new Fleet(_loop, _tls, target.Sip, _agents);
        _pump = new OnlinePump(_agents, scenario.Registration.InFlight);
        _handOvers = new HandOvers(new HttpPool(scenario.Http, target.Api, target.AuthorityFile), scenario.Http, scenario.Caps.Waiting, _loop, user => accounts.PasswordOf(user.Index));
        _traffic = new MessageTraffic(scenario, _users, _online, Ledger, _texts, _counters, _agents, _handOvers, _loop, _phases);
        _handOvers.Ended = _traffic.HandedOver;
        _again = new SecondLook(_agents, _pump, _loop);
        _happenings = new Happenings(scenario, target, _users, _online, _agents, _pump, _loop, _phases, Note);
        _sampler = new ServerSampler(target.Processes);
        GC.Collect();
        _baseKilobytes = ProcessSample.OwnKilobytes();
    }

    public Scenario Scenario { get; }

    public LoadTarget Target { get; }

    public AccountNames Accounts { get; }

    public MessageLedger Ledger { get; }

    /// <summary>The second that ended last, for those who look on.</summary>
    public SeriesPoint? Last => _last;

    /// <summary>Why nobody was let in; null if somebody was.</summary>
    public string? Unreachable { get; private set; }

    /// <summary>Ends the measured time and goes on to the drain; a second time to the end. From any thread.</summary>
    public void Stop()
    {
        bool again = _stopRequested;
        _stopRequested = true;
        _loop.Post(() => StopNow(again));
    }

    /// <summary>Runs it on a thread of its own.</summary>
    /// <returns>What was measured, when it is over.</returns>
    public Task<RunMeasures> RunAsync()
    {
        TaskCompletionSource<RunMeasures> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(() =>
        {
            try
            {
                done.SetResult(Run());
            }
#pragma warning disable CA1031 // whatever it is belongs to the caller, on another thread
            catch (Exception fault)
            {
                done.SetException(fault);
            }
#pragma warning restore CA1031
        })
        { IsBackground = true, Name = "engine" };
        thread.Start();
        return done.Task;
    }

    public void Dispose()
    {
        _fleet.Dispose();
        _tls.Dispose();
        _handOvers.Dispose();
        _loop.Dispose();
    }

    private LagWindow Window => _phases.Now switch
    {
        Phase.Register => LagWindow.Register,
        Phase.Measure => LagWindow.Measure,
        Phase.Drain => LagWindow.Drain,
        _ => LagWindow.None,
    };

    void ILoopDriven.Ready(int user, int generation, uint ready)
    {
        if (_users[user].Generation == generation) _fleet.Ready(_users[user], ready);
    }

    void ILoopDriven.Due(VirtualUser user, TimerKind kind, int stamp) => _agents.Due(user, kind, stamp);

    long ILoopDriven.Turn(long nowNs)
    {
        _lag.Probe(nowNs, Window);
        ProbePool(nowNs);
        _pump.Turn(nowNs);
        if (_phases.HasTraffic) _traffic.Turn(nowNs, _lag, Window);
        if (nowNs >= _nextSecondNs) EndSecond(nowNs);
        if (MustGoOn(nowNs)) GoOn(nowNs);
        return Math.Min(Math.Min(_lag.NextNs, _nextSecondNs), Math.Min(Math.Min(_traffic.NextNs, _pump.NextNs), _phases.EndsNs));
    }

    void IUserEvents.Registered(VirtualUser user, long fromNs, long nowNs, bool refresh, bool resumed)
    {
        bool counts = _phases.Counts(nowNs);
        if (refresh)
        {
            _counters.Count(Counted.Refreshed, counts);
            _counters.TookOnly("refresh", nowNs - fromNs, counts);
            _traffic.Refreshed(user, failed: false);
            _again.Refreshed(user, nowNs);
            return;
        }

        _pump.Done(user);
        _again.Returned(user);
        _counters.Count(Counted.Registered, counts);
        if (_comingBefore[user.Index]++ > 0 && !_again.HasBegun) _counters.Count(Counted.Reconnected, counts);
        if (resumed) _resumed++;
        if (user.LostSinceNs != 0) _counters.TookOnly("away", nowNs - user.LostSinceNs, _phases.Counts(user.LostSinceNs));
        _counters.Took("register", nowNs - fromNs, counts || _phases.Now is Phase.Register);
    }

    void IUserEvents.Failed(VirtualUser user, string why)
    {
        _pump.Done(user);
        _traffic.Refreshed(user, failed: true);
        _counters.Error(why);
        if (_phases.Now == Phase.Register && !_hinted && why.StartsWith("REGISTER ", StringComparison.Ordinal))
        {
            _hinted = true;
            Note($"a user was refused ({why}): are all accounts there? {AccountNames.Hint(Scenario.Users)}");
        }

        if (_phases.Now == Phase.Register && _agents.Registered == 0 && _counters.ErrorCount >= Math.Min(MostRefused, _online))
        {
            Unreachable = why;
            _loop.Stop();
        }
    }

    void IUserEvents.Answered(VirtualUser user, int sequence, int status, Guid messageId, long nowNs) => _traffic.Answered(sequence, status, messageId, nowNs);

    void IUserEvents.Unanswered(VirtualUser user, int sequence) => _traffic.GiveUp(sequence, "SIP connection ended before the answer");

    void IUserEvents.Ponged(VirtualUser user, long tookNs)
    {
        _counters.Count(Counted.Ponged, _phases.Now == Phase.Measure);
        _counters.TookOnly("keepalive", tookNs, _phases.Now == Phase.Measure);
    }

    void IUserEvents.Received(VirtualUser user, in SipRequest request, long nowNs)
    {
        int sequence = _texts.ReadSequence(request.Body);
        ReceivedCopy copy = new()
        {
            Recipient = user.Index,
            Generation = user.Generation,
            Id = UserAgents.ReadMessageId(request.Headers),
            NowNs = nowNs,
            TextIsRight = _traffic.IsRight(sequence, request.Body),
            SecondsAfterExpiry = MessageDates.SecondsAfterExpiry(request.Headers, DateTimeOffset.UtcNow),
            LastBrokenNs = user.LastBrokenNs,
            ConnectionEndedNs = user.LastBrokenNs,
            AnswersReadNs = user.AnswersReadNs,
        };
        if (!Ledger.Deliver(sequence, copy)) return;
        ref LedgerEntry entry = ref Ledger[sequence];
        _counters.Count(Counted.Delivered, _phases.Counts(nowNs));
        if (entry.ToOnline) _counters.Took("deliver", nowNs - entry.DueNs, entry.Counts);
        else _counters.TookOnly("drain", nowNs - user.RegisteredSinceNs, _phases.Now is Phase.Measure or Phase.Drain);
        _traffic.Delivered(sequence);
    }

    private RunMeasures Run()
    {
        _phases.Enter(Phase.Register, Clock.NowNs);
        _nextSecondNs = Clock.NowNs + Clock.Second;
        foreach (VirtualUser user in _users.AsSpan(0, _online)) _pump.Enqueue(user);
        _loop.Run(this);
        long ended = Clock.NowNs;
        LeaveOutIfLate("drain", LagWindow.Drain, "while what had waited was drained");
        if (_phases.Now != Phase.Done) _phases.Enter(Phase.Done, ended);
        Ledger.Close(ended, index => _users[index].RegisteredSinceNs);
        foreach (VirtualUser user in _users.Where(static user => user.LostSinceNs != 0)) _counters.TookOnly("away", ended - user.LostSinceNs, _phases.Counts(user.LostSinceNs));   // and never came back
        foreach (VirtualUser user in _users)
        {
            user.Wanted = false;
            _fleet.Close(user);
            if (user.Session != 0) ClientSsl.SSL_SESSION_free(user.Session);
        }

        return new RunMeasures
        {
            Began = _beganAt,
            BeganNs = _beganNs,
            Phases = _phases,
            Counters = _counters,
            Series = _series,
            Notes = _notes,
            Samples = _sampler,
            RegisteredAtMeasure = _registeredAtMeasure,
            KilobytesPerUser = _kilobytesPerUser,
            Invalid = _lag.WhyInvalid(LagWindow.Measure),
            LeftOut = _leftOut,
            Resumed = _resumed,
            StoppedEarly = _stopRequested,
        };
    }

    private bool MustGoOn(long nowNs)
    {
        if (nowNs >= _phases.EndsNs) return true;
        return _phases.Now switch
        {
            Phase.Register => _pump.IsIdle || nowNs - _beganNs > Scenario.Caps.Time.Ns(),
            Phase.Drain => IsDrained(nowNs),
            >= Phase.Ramp and <= Phase.Measure => _traffic.Requests >= Scenario.Caps.Requests,
            _ => false,
        };
    }

    private void GoOn(long nowNs)
    {
        Phase next = _phases.Now + 1;
        if (_traffic.Requests >= Scenario.Caps.Requests && next is > Phase.Ramp and <= Phase.Measure) (next, _) = (Phase.CoolDown, NoteCap());
        else if (_traffic.Requests >= Scenario.Caps.Requests && next == Phase.CoolDown) NoteCap();
        Enter(next, nowNs);
    }

    private bool NoteCap()
    {
        Note($"the cap of {Scenario.Caps.Requests:N0} requests is reached");
        return true;
    }

    private void Enter(Phase phase, long nowNs)
    {
        if (_phases.Now == Phase.Register) LeaveOutIfLate("register", LagWindow.Register, "while everybody came online");
        _phases.Enter(phase, nowNs);
        switch (phase)
        {
            case Phase.Ramp:
                _kilobytesPerUser = _agents.Registered == 0 ? 0 : Math.Round((ProcessSample.OwnKilobytes() - _baseKilobytes) / _agents.Registered, 2);
                _traffic.Start(nowNs);
                break;
            case Phase.Measure:
                _registeredAtMeasure = _agents.Registered;
                _sampler.Begin();
                _happenings.Start();
                break;
            case Phase.CoolDown:
                _sampler.End();
                break;
            case Phase.Drain:
                _traffic.Stop();
                foreach (int recipient in Ledger.Recipients().Order()) Call(recipient);
                break;
            case Phase.Done:
                _loop.Stop();
                break;
        }
    }

    /// <summary>Times that come from outside the measured time are believed by the generator's lateness there.</summary>
    private void LeaveOutIfLate(string name, LagWindow window, string when)
    {
        if (_counters.Latencies[name].TotalCount == 0 || _lag.WhyInvalid(window) is not { } why) return;
        _leftOut[name] = $"{name}: {why}, {when}";
        _counters.Latencies[name].Reset();
        Note($"times left out: {_leftOut[name]}");
    }

    /// <summary>Something waits for it: it is to come, if it is not there or on its way already.</summary>
    private void Call(int recipient)
    {
        if (_users[recipient].Wanted) return;
        _again.Add(_users[recipient]);
        _users[recipient].Wanted = true;
        _pump.Enqueue(_users[recipient]);
    }

    /// <summary>
    /// Nothing is under way or outstanding, and has not been for a while; then those who were called have come once more, and nothing came of it. Messages
    /// accepted meanwhile call their recipients too.
    /// </summary>
    private bool IsDrained(long nowNs)
    {
        if (Ledger.Outstanding > 0 || _traffic.UnderWay > 0 || _again.IsUnderWay)
        {
            _doneSinceNs = 0;
            return false;
        }

        if (_doneSinceNs == 0) _doneSinceNs = nowNs;
        if (nowNs - _doneSinceNs < QuietNs) return false;
        if (_again.HasBegun) return true;
        _again.Begin(nowNs);
        _doneSinceNs = 0;
        return false;
    }

    private void StopNow(bool again)
    {
        Phase was = _phases.Now;
        if (was >= Phase.Done) return;
        Note(again ? "stopped" : "stopped early: what is outstanding is drained");
        if (was is >= Phase.Ramp and <= Phase.Measure) Enter(Phase.CoolDown, Clock.NowNs);   // where the measured time ends, if it had begun
        Enter(again || was is Phase.Register or Phase.Drain ? Phase.Done : Phase.Drain, Clock.NowNs);
    }

    private void EndSecond(long nowNs)
    {
        _nextSecondNs = Math.Max(_nextSecondNs + Clock.Second, nowNs);   // after a standstill one long second, not several
        _agents.Sweep(_users, nowNs);
        _traffic.Sweep(nowNs);
        while (_happenings.TakeFailure() is { } failure)
        {
            _counters.Error(failure);
            Note(failure);
        }

        if (_phases.Now == Phase.Drain)
        {
            foreach (int recipient in Ledger.Recipients()) Call(recipient);
        }

        SeriesPoint point = _counters.EndSecond(_sampler.Sample(new SeriesPoint
        {
            At = Math.Round((nowNs - _beganNs) / 1e9, 3),
            Phase = PhaseNames.Of(_phases.Now),
            Connections = _fleet.Connections,
            Online = _agents.Registered,
            Outstanding = Ledger.Outstanding,
            LagMax = _lag.TakeWorst(),
        }));
        _series.Add(point);
        _last = point;
    }

    private void ProbePool(long nowNs)
    {
        if (!_handOvers.IsUsed || nowNs < _poolProbeNs) return;
        _poolProbeNs = nowNs + (100 * Clock.Millisecond);
        ThreadPool.UnsafeQueueUserWorkItem(
            static state =>
            {
                long waited = Clock.NowNs - state.QueuedNs;
                state.Run._loop.Post(() => state.Run._lag.PoolWaited(waited, state.Run.Window));
            },
            (Run: this, QueuedNs: nowNs),
            preferLocal: false);
    }

    private void Note(string text) => _notes.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(Clock.NowNs - _beganNs) / 1e9:0.0} s: {text}"));
}
