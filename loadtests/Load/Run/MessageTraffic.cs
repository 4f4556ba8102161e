using System.Text;
using Load.Engine;
using Load.Ledger;
using Load.Measures;
using Load.Scenarios;

namespace Load.Run;

/// <summary>Makes messages and hands them over, each in the ledger before it leaves, by the open and the closed model.</summary>
internal sealed class MessageTraffic(
    Scenario scenario, IReadOnlyList<VirtualUser> users, int online, MessageLedger ledger, MessageTexts texts, Counters counters, UserAgents agents, HandOvers handOvers, EventLoop loop, PhaseClock phases)
{
    private const long AfterErrorNs = 20 * Clock.Millisecond;

    private readonly Random _random = new(scenario.Seed);
    private readonly OpenTraffic[] _open = [.. scenario.Traffic.Where(static plan => plan.IsOpen).Select((plan, i) => new OpenTraffic(plan, new Random(scenario.Seed + 100 + i)))];
    private readonly Dictionary<int, ClosedToken> _tokens = [];           // by message
    private readonly Dictionary<int, ClosedToken> _refreshTokens = [];    // by user
    private readonly Queue<(int Sequence, long DueNs)> _answers = new();  // by SIP, in order of their deadlines
    private readonly long _answerNs = scenario.Registration.AnswerWithin.Ns();
    private readonly byte[] _text = new byte[MessageTexts.MostBytes];
    private int _nextToRefresh;

    /// <summary>Sent and neither answered nor given up.</summary>
    public int UnderWay { get; private set; }

    /// <summary>Messages and refreshes so far.</summary>
    public int Requests { get; private set; }

    public long NextNs => _open.Length == 0 ? long.MaxValue : _open.Min(static traffic => traffic.NextNs);

    /// <summary>Both models begin.</summary>
    public void Start(long nowNs)
    {
        foreach (OpenTraffic traffic in _open) traffic.Start(nowNs);
        foreach (TrafficPlan plan in scenario.Traffic.Where(static plan => !plan.IsOpen))
        {
            for (int i = 0; i < plan.Window; i++)
            {
                ClosedToken token = new(plan);
                if (plan.To == Audience.Partner) (token.From, token.To) = (2 * i, (2 * i) + 1);
                Next(token, nowNs);
            }
        }
    }

    /// <summary>Nothing new from now on.</summary>
    public void Stop()
    {
        foreach (OpenTraffic traffic in _open) traffic.Stop();
    }

    /// <summary>Sends what is due by now.</summary>
    /// <param name="lag">Told of each how late it was.</param>
    /// <param name="window">What part of the run it is.</param>
    public void Turn(long nowNs, LagMeter lag, LagWindow window)
    {
        foreach (OpenTraffic traffic in _open)
        {
            while (traffic.TryTake(nowNs, phases, out long dueNs))
            {
                lag.Done(dueNs, Clock.NowNs, window);
                if (traffic.Plan.Via == Way.Refresh) RefreshNext(dueNs);
                else Send(traffic.Plan, dueNs, null);
            }
        }
    }

    /// <summary>Gives up what nobody has answered. Its sender still knows its number: an acceptance that comes later is one.</summary>
    public void Sweep(long nowNs)
    {
        while (_answers.TryPeek(out (int Sequence, long DueNs) first) && first.DueNs <= nowNs)
        {
            _answers.Dequeue();
            GiveUp(first.Sequence, "SIP no answer");
        }
    }

    /// <summary>The server answered by SIP.</summary>
    public void Answered(int sequence, int status, Guid id, long nowNs)
    {
        if (status is 200 or 202) Accepted(sequence, id, nowNs);
        else Refused(sequence, $"SIP {status}");
    }

    /// <summary>It is not waited for any more, if it still is.</summary>
    public void GiveUp(int sequence, string reason)
    {
        if (ledger[sequence].State != SendState.Sent) return;
        ledger.GiveUp(sequence);
        counters.Error(reason);
        Ended(sequence, failed: true);
    }

    /// <summary>POST or gRPC came to an end.</summary>
    public void HandedOver(int sequence, HandOver result, long nowNs)
    {
        if (result.Accepted) Accepted(sequence, ledger[sequence].Id, nowNs);
        else if (result.Unknown) GiveUp(sequence, result.Reason!);
        else Refused(sequence, result.Reason!);
    }

    /// <summary>The recipient has it, for the first time.</summary>
    public void Delivered(int sequence)
    {
        if (_tokens.TryGetValue(sequence, out ClosedToken? token) && token.Plan.Until == Milestone.Delivered)
        {
            _tokens.Remove(sequence);
            Go(token, failed: false);
        }
    }

    /// <summary>A refresh was answered, or its connection ended.</summary>
    public void Refreshed(VirtualUser user, bool failed)
    {
        if (_refreshTokens.Remove(user.Index, out ClosedToken? token)) Go(token, failed);
    }

    private void Accepted(int sequence, Guid id, long nowNs)
    {
        ref LedgerEntry entry = ref ledger[sequence];
        bool late = entry.State == SendState.Unknown;
        ledger.Accept(sequence, id, nowNs);
        counters.Count(Counted.Accepted, phases.Counts(nowNs));
        counters.Took("accept", nowNs - entry.DueNs, entry.Counts);
        counters.TookOnly(entry.Way switch { Way.Sip => "accept.sip", Way.Post => "accept.post", _ => "accept.grpc" }, nowNs - entry.DueNs, entry.Counts);
        if (!late) Ended(sequence, failed: false);
    }

    private void Refused(int sequence, string reason)
    {
        bool late = ledger[sequence].State == SendState.Unknown;
        ledger.Refuse(sequence);
        if (late) return;   // an error already
        counters.Error(reason);
        Ended(sequence, failed: true);
    }

    private void Ended(int sequence, bool failed)
    {
        UnderWay--;
        if (!_tokens.TryGetValue(sequence, out ClosedToken? token)) return;
        if (!failed && token.Plan.Until == Milestone.Delivered && ledger[sequence].Copies == 0) return;
        if (_tokens.Remove(sequence)) Go(token, failed);
    }

    private void Go(ClosedToken token, bool failed)
    {
        if (token.From >= 0 && !failed) token.Turn();
        long pause = failed ? Math.Max(AfterErrorNs, token.Plan.Think.Ns()) : token.Plan.Think.Ns();   // errors must not spin
        if (pause == 0) Next(token, Clock.NowNs);
        else loop.After(pause, () => Next(token, Clock.NowNs));
    }

    private void Next(ClosedToken token, long nowNs)
    {
        if (phases.Now is < Phase.Ramp or > Phase.Measure) return;
        if (token.Plan.Via != Way.Refresh) Send(token.Plan, nowNs, token);
        else if (RefreshNext(nowNs) is { } user) _refreshTokens[user.Index] = token;
        else loop.After(AfterErrorNs, () => Next(token, Clock.NowNs));
    }

    private VirtualUser? RefreshNext(long dueNs)
    {
        Requests++;
        for (int tries = 0; tries < online; tries++)
        {
            VirtualUser user = users[_nextToRefresh++ % online];
            if (!_refreshTokens.ContainsKey(user.Index) && agents.Refresh(user, dueNs)) return user;
        }

        return null;
    }

    private void Send(TrafficPlan plan, long dueNs, ClosedToken? token)
    {
        Requests++;
        bool counts = phases.Counts(dueNs);
        counters.Count(Counted.Offered, counts);
        if (!TryChoose(plan, token, out VirtualUser sender, out VirtualUser recipient))
        {
            counters.Error("no sender is online");
            if (token is not null) loop.After(AfterErrorNs, () => Next(token, Clock.NowNs));
            return;
        }

        int sequence = ledger.Begin(new LedgerEntry
        {
            Id = plan.Via == Way.Sip ? default : Guid.CreateVersion7(),
            Sender = sender.Index,
            Recipient = recipient.Index,
            DueNs = dueNs,
            SentNs = Clock.NowNs,
            Way = plan.Via,
            Counts = counts,
            ToOnline = recipient.Wanted,
        });
        if (token is not null) _tokens[sequence] = token;
        UnderWay++;
        counters.Count(Counted.Sent, counts);
        ReadOnlySpan<byte> text = _text.AsSpan(0, texts.Write(_text, sequence, plan.Characters, plan.Script));
        if (plan.Via == Way.Sip)
        {
            _answers.Enqueue((sequence, ledger[sequence].SentNs + _answerNs));
            agents.Send(sender, recipient.Name, sequence, text);
        }
        else if (!handOvers.TryBegin(plan.Via, sequence, sender, ledger[sequence].Id, Encoding.ASCII.GetString(recipient.Name), text.ToArray()))
        {
            Refused(sequence, "too many wait for a connection");
        }
    }

    /// <summary>Whether a text is what was sent under its number.</summary>
    public bool IsRight(int sequence, ReadOnlySpan<byte> text)
    {
        if ((uint)sequence >= (uint)ledger.Count) return false;
        foreach (TrafficPlan plan in scenario.Traffic)
        {
            if (plan.Via == ledger[sequence].Way && text.SequenceEqual(_text.AsSpan(0, texts.Write(_text, sequence, plan.Characters, plan.Script)))) return true;
        }

        return false;
    }

    private bool TryChoose(TrafficPlan plan, ClosedToken? token, out VirtualUser sender, out VirtualUser recipient)
    {
        if (token is { From: >= 0 })
        {
            (sender, recipient) = (users[token.From], users[token.To]);
            return sender.IsRegistered || plan.Via != Way.Sip;
        }

        sender = users[_random.Next(online)];
        if (plan.Via == Way.Sip)
        {
            int first = sender.Index;
            for (int i = 1; !sender.IsRegistered && i < online; i++) sender = users[(first + i) % online];
        }

        recipient = plan.To switch
        {
            Audience.Offline => users[_random.Next(online, users.Count)],
            Audience.Any => users[_random.Next(users.Count)],
            Audience.Hot => users[0],
            Audience.Partner => users[Math.Min(sender.Index ^ 1, online - 1)],
            _ => users[_random.Next(online)],
        };
        if (ReferenceEquals(sender, recipient) && users.Count > 1) sender = users[(sender.Index + 1) % online];
        return sender.IsRegistered || plan.Via != Way.Sip;
    }
}
