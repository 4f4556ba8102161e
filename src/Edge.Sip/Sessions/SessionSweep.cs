using Edge.Sip.CoreLink;
using Edge.Sip.Delivery;
using Edge.Sip.Diagnostics;
using Edge.Sip.Registrar;
using Edge.Sip.Transactions;
using Edge.Sip.Transport;

namespace Edge.Sip.Sessions;

/// <summary>Every deadline of every connection, by one timer: a connection costs a place among the due times, not a timer.</summary>
internal sealed class SessionSweep(SipOptions options, SessionTable sessions, ICoreLinks links, DeliveryPump pump, EdgeClock clock, EdgeMetrics metrics, ILogger<SessionSweep> logger)
    : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private static readonly byte[] Ping = "\r\n\r\n"u8.ToArray();

    private ITimer? _timer;
    private int _running;

    public void Start()
    {
        metrics.ObserveOldestDelivery(OldestDeliverySeconds);
        _timer = clock.Time.CreateTimer(static sweep => ((SessionSweep)sweep!).Run(), this, Every, Every);
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>Once a scrape, over all connections: nothing is kept for it while messages go out.</summary>
    private double OldestDeliverySeconds()
    {
        TimeSpan? first = null;
        foreach ((_, SipSession session) in sessions.All)
        {
            lock (session.Connection.Gate)
            {
                if (session.Transactions.NextDeadline() is { } deadline && !(deadline >= first)) first = deadline;
            }
        }

        return first is { } timerF ? Math.Max(0, clock.NowMs / 1_000.0 - (timerF - SipTimers.F).TotalSeconds) : 0;
    }

    private void Run()
    {
        if (Interlocked.Exchange(ref _running, 1) != 0) return;   // the last one is still under way
        try
        {
            long now = clock.NowMs;
            foreach (SipSession session in sessions.DueTimes.Due(now)) TryLook(session, now);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private void TryLook(SipSession session, long now)
    {
        try
        {
            lock (session.Connection.Gate) session.DueMs = Look(session, now);
        }
#pragma warning disable CA1031 // one connection that cannot be looked at must not keep the others from their deadlines
        catch (Exception fault)
        {
            EdgeLog.SweepFaulted(logger, fault);
            session.Connection.End(EndReason.InternalFault);   // and is not looked at again
        }
#pragma warning restore CA1031
    }

    /// <summary>Acts on what is due.</summary>
    /// <returns>When to look again.</returns>
    private long Look(SipSession session, long now)
    {
        Connection connection = session.Connection;
        if (session.HasEnded || connection.Reason != EndReason.None) return long.MaxValue;
        if (session.SecuredMs == 0)
        {
            long handshakeBy = session.OpenedMs + (options.HandshakeSeconds * 1_000L);
            if (now < handshakeBy) return handshakeBy;
            connection.End(EndReason.HandshakeTimeout);
            return long.MaxValue;
        }

        Lapse(session, now);
        long due = long.MaxValue;
        EndReason reason = Overdue(session, now, ref due);
        if (reason != EndReason.None)
        {
            connection.EndAfterSending(reason);
            return long.MaxValue;
        }

        if (!session.IsOutbound)
        {
            long pingBy = Math.Max(session.LastInboundMs, session.LastPingMs) + (options.PingSeconds * 1_000L);
            if (now >= pingBy)
            {
                connection.Send(Ping);   // no answer is no sign of death: half of the clients give none
                session.LastPingMs = now;
                pingBy = now + (options.PingSeconds * 1_000L);
            }

            due = Math.Min(due, pingBy);
        }

        pump.Sweep(session, now);
        foreach (Binding binding in session.Bindings)
        {
            if (binding.RefreshAgainMs != 0) due = Math.Min(due, binding.RefreshAgainMs);
            if (binding.IsBound) due = Math.Min(due, Math.Min(binding.ExpiresMs, binding.Lane.PageDueMs));
        }

        if (session.Transactions.NextDeadline() is { } timerF) due = Math.Min(due, (long)Math.Ceiling(timerF.TotalMilliseconds));
        return due;
    }

    private EndReason Overdue(SipSession session, long now, ref long due)
    {
        if (!session.SawRequest && IsPast(session.SecuredMs, options.FirstRequestSeconds, now, ref due)) return EndReason.FirstRequestTimeout;
        if (session.MessageBegunMs != 0 && IsPast(session.MessageBegunMs, options.MessageSeconds, now, ref due)) return EndReason.MessageTimeout;
        if (session.UnboundSinceMs != 0 && IsPast(session.UnboundSinceMs, options.UnregisteredSeconds, now, ref due)) return EndReason.NotRegistered;
        if (session.IsOutbound && IsPast(session.LastInboundMs, options.SilenceSeconds, now, ref due)) return EndReason.Silent;
        return EndReason.None;
    }

    private static bool IsPast(long since, int seconds, long now, ref long due)
    {
        long by = since + (seconds * 1_000L);
        due = Math.Min(due, by);
        return now >= by;
    }

    /// <summary>Registrations that were not renewed end; what is in flight is still reported.</summary>
    private void Lapse(SipSession session, long now)
    {
        bool changed = false;
        for (int i = session.Bindings.Count - 1; i >= 0; i--)
        {
            Binding binding = session.Bindings[i];
            if (!binding.IsBound || binding.ExpiresMs > now) continue;
            binding.IsBound = false;   // its lane sends nothing more
            if (binding.Pending == 0) session.Bindings.RemoveAt(i);
            changed = true;
            metrics.RegistrationsChanged(-1);
            links.Unregister(session.Flow, binding.User, byClient: false, binding.MustChallenge ? "revoked" : "expired");
        }

        if (changed) session.BindingsChanged(now);
    }
}
