using System.Buffers.Text;
using System.Text;
using Edge.Sip.Parsing;
using Edge.Sip.Transactions;
using Load.Scenarios;

namespace Load.Engine;

/// <summary>The SIP side of all users: they register, answer challenges, keep alive, refresh, send, receive and come back. On the loop's thread.</summary>
internal sealed class UserAgents : IConnectionUser
{
    private const int MostChallenges = 3;
    private const long DeadlineNs = 15 * Clock.Second;   // TCP, TLS and REGISTER with its challenge
    private const long PongNs = 10 * Clock.Second;       // RFC 5626 §4.4.1

    private readonly EventLoop _loop;
    private readonly IUserEvents _events;
    private readonly RegistrationPlan _plan;
    private readonly SipRequests _requests;
    private readonly Func<VirtualUser, byte[]> _password;
    private readonly Random _random;
    private readonly byte[] _buffer = new byte[32_768];
    private readonly SipHeaderSlot[] _slots = new SipHeaderSlot[new SipLimits().Headers];

    public UserAgents(EventLoop loop, IUserEvents events, RegistrationPlan plan, SipRequests requests, Func<VirtualUser, byte[]> password, int seed) =>
        (_loop, _events, _plan, _requests, _password, _random) = (loop, events, plan, requests, password, new Random(seed));

    /// <summary>Its connections; set once, before anything happens.</summary>
    public Fleet Fleet { get; set; } = null!;

    public int Registered { get; private set; }

    /// <summary>Comes online and stays so.</summary>
    /// <param name="fromNs">When that was due.</param>
    public void ComeOnline(VirtualUser user, long fromNs)
    {
        user.Wanted = true;
        if (user.State != UserState.Away) return;
        user.RegisterFromNs = user.ComingFromNs = fromNs;
        user.RegisterStartNs = Clock.NowNs;
        Fleet.Connect(user);
    }

    /// <summary>Goes, and stays away until told otherwise.</summary>
    /// <param name="unregister">Whether it takes its registration back first, as phones do that are switched off.</param>
    public void GoAway(VirtualUser user, bool unregister)
    {
        (user.Wanted, user.ComingFromNs, user.LostSinceNs) = (false, 0, 0);
        if (unregister && user.IsRegistered) Fleet.Send(user, _buffer.AsSpan(0, _requests.Register(_buffer, user, 0, authorize: true)));
        NoteEnd(user);
        Fleet.Close(user);
    }

    /// <summary>Its network is gone without a word.</summary>
    public void FallSilent(VirtualUser user)
    {
        (user.Wanted, user.ComingFromNs, user.LostSinceNs) = (false, 0, 0);
        NoteEnd(user);
        Fleet.Abandon(user);
    }

    /// <summary>REGISTER again.</summary>
    /// <returns>False if it is not registered, or one is under way.</returns>
    public bool Refresh(VirtualUser user, long fromNs)
    {
        if (!user.IsRegistered || user.RegisterFromNs != 0) return false;
        user.RegisterFromNs = fromNs;
        user.RegisterStartNs = Clock.NowNs;
        SendRegister(user, _plan.AuthorizeRefresh);
        return true;
    }

    /// <summary>Sends a text.</summary>
    public void Send(VirtualUser user, ReadOnlySpan<byte> to, int sequence, ReadOnlySpan<byte> body)
    {
        (user.Unanswered ??= []).Add(sequence);
        Fleet.Send(user, _buffer.AsSpan(0, _requests.Message(_buffer, user, to, sequence, body)));
    }

    /// <summary>A timer has run out.</summary>
    public void Due(VirtualUser user, TimerKind kind, int stamp)
    {
        switch (kind)
        {
            case TimerKind.Connect when user.Wanted && user.State == UserState.Away && stamp == user.Generation:
                ComeOnline(user, user.ComingFromNs != 0 ? user.ComingFromNs : Clock.NowNs);   // a further try: its time runs since the first
                break;
            case TimerKind.Keepalive when user.IsRegistered && stamp == user.Generation:
                Ping(user);
                break;
            case TimerKind.Refresh when user.IsRegistered && stamp == user.Generation:
                _ = Refresh(user, Clock.NowNs);
                ScheduleRefresh(user, RefreshAfter(user));
                break;
            case TimerKind.ReadOn when stamp == user.Generation:
                Fleet.ReadOn(user);
                break;
        }
    }

    /// <summary>Ends what has waited too long. Once a second is enough: deadlines of their own would be a timer for each refresh.</summary>
    public void Sweep(IReadOnlyList<VirtualUser> users, long nowNs)
    {
        foreach (VirtualUser user in users)
        {
            if (user.RegisterFromNs != 0 && nowNs - user.RegisterStartNs > DeadlineNs)
            {
                Fleet.Lose(user, user.State == UserState.Connecting ? "no answer to connect" : user.State == UserState.Handshaking ? "no answer to TLS" : "no answer to REGISTER");
            }
            else if (user.AwaitsPong && user.ReadPauseNs == 0 && nowNs - user.PingSentNs > PongNs)
            {
                Fleet.Lose(user, "no answer to keepalive");   // a slow reader finds it late by its own fault
            }
        }
    }

    public void Secured(VirtualUser user, bool resumed)
    {
        user.Resumed = resumed;
        user.Challenges = 0;
        SendRegister(user, authorize: false);   // the nonce of an earlier connection is good for nothing
    }

    public void Ended(VirtualUser user, string why)
    {
        if (user.Wanted && user.RegisteredSinceNs != 0) user.LostSinceNs = Clock.NowNs;
        NoteEnd(user);
        _events.Failed(user, why);
        if (!user.Wanted) return;
        double doubled = _plan.ReconnectFirst.Ns() * Math.Pow(2, Math.Min(user.Failures++, 20));
        long wait = (long)(Math.Min(doubled, _plan.ReconnectMost.Ns()) * (0.5 + _random.NextDouble()));   // so that they do not all come at once (RFC 5626 §4.5)
        _loop.After(wait, user, TimerKind.Connect, user.Generation);
    }

    public int Received(VirtualUser user, ReadOnlySpan<byte> unread)
    {
        int consumed = 0;
        int generation = user.Generation;
        while (consumed < unread.Length)
        {
            ReadOnlySpan<byte> rest = unread[consumed..];
            // No message begins with CRLF, so this stands between two of them: the answer to our ping, which the framer takes for half of the server's.
            if (user.AwaitsPong && rest.StartsWith("\r\n"u8))
            {
                user.AwaitsPong = false;
                _events.Ponged(user, Clock.NowNs - user.PingSentNs);
                consumed += 2;
                continue;
            }

            SipFrame frame = user.Framer.Next(rest);
            if (frame.Kind == SipFrameKind.Fault)
            {
                _loop.After(0, () => { if (user.Generation == generation) Fleet.Lose(user, "not SIP"); });
                return unread.Length;
            }

            if (frame.Kind == SipFrameKind.Message) Take(user, frame.Head(rest), frame.Body(rest));
            else if (frame.Kind == SipFrameKind.Ping) Fleet.Send(user, "\r\n"u8);
            if (user.Generation != generation) return unread.Length;
            consumed += frame.Consumed;
            if (frame.Kind == SipFrameKind.NeedMore) break;
        }

        return consumed;
    }

    private void Take(VirtualUser user, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        if (SipRequest.IsResponse(head))
        {
            if (SipResponse.Parse(head, body, _slots, out SipResponse response) == SipFault.None && response.IsFinal
                && SipCSeq.TryParse(response.Headers.First(SipHeader.CSeq), out SipCSeq cseq)) TakeResponse(user, response, cseq);
            return;
        }

        if (SipRequest.Parse(head, body, _slots, out SipRequest request) != SipFault.None) return;
        int status = request.Method is SipMethod.Message or SipMethod.Options ? 200 : 405;
        if (request.Method == SipMethod.Message) _events.Received(user, request, Clock.NowNs);
        SipResponseWriter answer = new(_buffer, status, request, new ResponseOrigin { ToTag = "load"u8 });
        Fleet.Send(user, _buffer.AsSpan(0, answer.Finish()));
    }

    private void TakeResponse(VirtualUser user, in SipResponse response, in SipCSeq cseq)
    {
        if (cseq.Method.SequenceEqual("REGISTER"u8))
        {
            if (cseq.Number == user.CSeq || user.RegisterFromNs != 0) TakeRegisterResponse(user, response);
            return;
        }

        if (!SipRequests.TryReadSequence(response.Headers.First(SipHeader.CallId), out int sequence) || user.Unanswered?.Remove(sequence) != true) return;
        Guid id = default;
        if (response.Status == 202) id = ReadMessageId(response.Headers);
        _events.Answered(user, sequence, response.Status, id, Clock.NowNs);
    }

    /// <summary>The server's id of a message: in what it answers and in what it delivers.</summary>
    public static Guid ReadMessageId(in SipHeaders headers)
    {
        for (int i = 0; i < headers.Count; i++)
        {
            if (headers.Id(i) == SipHeader.Other && Ascii.EqualsIgnoreCase(headers.Name(i), "X-Edge-Message-Id"u8))
            {
                return Utf8Parser.TryParse(headers.Value(i), out Guid id, out int used) && used == headers.Value(i).Length ? id : default;
            }
        }

        return default;
    }

    private void TakeRegisterResponse(VirtualUser user, in SipResponse response)
    {
        if (user.RegisterFromNs == 0) return;
        if (response.Status == 401 && ++user.Challenges <= MostChallenges && DigestAnswer.For(response.Headers, user.Name, _password(user), user.Digest) is { } digest)
        {
            user.Digest = digest;
            SendRegister(user, authorize: true);
            return;
        }

        if (response.Status != 200)
        {
            int status = response.Status;
            int generation = user.Generation;
            _loop.After(0, () => { if (user.Generation == generation) Fleet.Lose(user, $"REGISTER {status}"); });
            return;
        }

        bool refresh = user.IsRegistered;
        long now = Clock.NowNs;
        (long fromNs, user.RegisterFromNs, user.Challenges, user.Failures) = (user.RegisterFromNs, 0, 0, 0);
        if (!refresh)
        {
            user.State = UserState.Registered;
            user.RegisteredSinceNs = now;
            user.ComingFromNs = 0;
            Registered++;
            user.KeepaliveNs = KeepaliveOf(response.Headers);
            if (user.KeepaliveNs > 0) _loop.After((long)(user.KeepaliveNs * _random.NextDouble()), user, TimerKind.Keepalive, user.Generation);   // spread from the first on
        }

        user.ExpiresNs = ExpiresOf(response.Headers);
        if (!refresh) ScheduleRefresh(user, (long)(RefreshAfter(user) * (0.1 + (0.9 * _random.NextDouble()))));   // spread from the first on
        _events.Registered(user, fromNs, now, refresh, !refresh && user.Resumed);
        if (!refresh) user.LostSinceNs = 0;
    }

    private long RefreshAfter(VirtualUser user) => _plan.RefreshEvery > TimeSpan.Zero ? _plan.RefreshEvery.Ns() : user.ExpiresNs / 2;

    private void ScheduleRefresh(VirtualUser user, long after) => _loop.After(after, user, TimerKind.Refresh, user.Generation);

    private void SendRegister(VirtualUser user, bool authorize) =>
        Fleet.Send(user, _buffer.AsSpan(0, _requests.Register(_buffer, user, (int)_plan.Expires.TotalSeconds, authorize)));

    private void Ping(VirtualUser user)
    {
        if (!user.AwaitsPong)
        {
            (user.AwaitsPong, user.PingSentNs) = (true, Clock.NowNs);
            Fleet.Send(user, "\r\n\r\n"u8);
        }

        _loop.After((long)(user.KeepaliveNs * (0.8 + (0.2 * _random.NextDouble()))), user, TimerKind.Keepalive, user.Generation);
    }

    /// <summary>Whatever was under way on the connection is not any more.</summary>
    private void NoteEnd(VirtualUser user)
    {
        if (user.RegisteredSinceNs != 0) Registered--;
        (user.RegisteredSinceNs, user.RegisterFromNs, user.LastBrokenNs) = (0, 0, Clock.NowNs);
        if (user.Unanswered is not { } unanswered) return;
        user.Unanswered = null;
        foreach (int sequence in unanswered) _events.Unanswered(user, sequence);
    }

    /// <summary>80 to 100 % of the Flow-Timer, by which the server tells that it expects keepalives.</summary>
    private long KeepaliveOf(in SipHeaders headers)
    {
        if (_plan.KeepaliveEvery > TimeSpan.Zero) return _plan.KeepaliveEvery.Ns();
        for (int i = 0; i < headers.Count; i++)
        {
            if (headers.Id(i) == SipHeader.Other && Ascii.EqualsIgnoreCase(headers.Name(i), "Flow-Timer"u8)
                && SipGrammar.TryReadNumber(headers.Value(i), 86_400, out long seconds)) return seconds * Clock.Second;
        }

        return 0;
    }

    private long ExpiresOf(in SipHeaders headers)
    {
        SipValues contacts = headers.Values(SipHeader.Contact);
        if (contacts.MoveNext() && SipAddress.TryParse(contacts.Current, out SipAddress contact)
            && SipParameters.TryFind(contact.Parameters, "expires"u8, out ReadOnlySpan<byte> own) && SipGrammar.TryReadNumber(own, 86_400, out long seconds)) return seconds * Clock.Second;
        return SipGrammar.TryReadNumber(headers.First(SipHeader.Expires), 86_400, out seconds) ? seconds * Clock.Second : _plan.Expires.Ns();
    }
}
