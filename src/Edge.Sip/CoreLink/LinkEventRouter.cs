using System.Collections.Concurrent;
using Edge.Link.V1;
using Edge.Sip.Delivery;
using Edge.Sip.Diagnostics;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transport;

namespace Edge.Sip.CoreLink;

/// <summary>Takes what the cores say to the connection it is for.</summary>
/// <remarks>What is for nobody here shows a binding that should be gone: the core is told so, or the account's messages would go there for an hour.</remarks>
internal sealed class LinkEventRouter(SessionTable sessions, ICoreLinks links, DeliveryPump pump, AddressLimits addresses, SessionTickets tickets, EdgeClock clock, ILogger<LinkEventRouter> logger) : ILinkEvents
{
    private const long RefreshAgainMs = 1_000;

    private readonly ConcurrentDictionary<ICoreLink, Snapshot> _snapshots = new();   // those under way

    public void LinkUp(ICoreLink link)
    {
        Snapshot snapshot = new([.. sessions.All.Select(static entry => entry.Key)]);
        _snapshots[link] = snapshot;
        Tell(link, snapshot);
    }

    public void LinkCut(ICoreLink link)
    {
        _snapshots.TryRemove(link, out _);
        foreach ((_, SipSession session) in sessions.All)
        {
            lock (session.Connection.Gate)
            {
                foreach (Binding binding in session.Bindings)
                {
                    if (binding.RefreshOn == link) pump.RefreshLost(session, binding);
                }
            }
        }
    }

    public void LimitsChanged(EdgeLimits limits) => addresses.Change(limits.Connections, limits.ConnectionsPerSecond, limits.FailedAuthenticationsPerMinute);

    public void TicketKeysChanged(SessionTicketKeys keys) => tickets.Use(keys.Keys);

    /// <summary>At once, not with the client's next REGISTER: whoever knows only the old password is not to stay. A client that knows the new one connects again.</summary>
    public void Revoked(Revoked revoked)
    {
        if (sessions.Find(revoked.Flow) is not { } session) return;
        lock (session.Connection.Gate)
        {
            bool found = false, another = false;
            foreach (Binding binding in session.Bindings)
            {
                if (!binding.IsBound) continue;
                if (revoked.User.Length > 0 && binding.User != revoked.User)
                {
                    another = true;
                    continue;
                }

                found = true;
                binding.Revoke(clock.NowMs);
                session.DueBy(binding.ExpiresMs);   // the sweep ends it
            }

            if (!found) return;
            EdgeLog.TicketRefused(logger, session.Flow);
            if (!another) session.Connection.EndAfterSending(EndReason.Revoked);
        }
    }

    public void Delivered(ICoreLink link, LinkDelivery delivery)
    {
        if (sessions.Find(delivery.Flow) is not { } session)
        {
            pump.DropPush(delivery.Flow, "unknown_flow");
            links.UnregisterStray(delivery.Flow, delivery.User, link);
            return;
        }

        lock (session.Connection.Gate)
        {
            if (session.Find(delivery.User) is { } binding)
            {
                pump.Push(session, binding, link, delivery);
                return;
            }

            pump.DropPush(delivery.Flow, "unknown_binding");
            links.UnregisterStray(delivery.Flow, delivery.User, link);
        }
    }

    public void Paged(ICoreLink link, Page page)
    {
        if (sessions.Find(page.Flow) is not { } session)
        {
            if (page.Deliveries.Count == 0) return;
            pump.DropPush(page.Flow, "unknown_flow");
            links.UnregisterStray(page.Flow, page.User, link);
            return;
        }

        lock (session.Connection.Gate)
        {
            Binding? binding = session.Find(page.User);
            if (binding is { IsBound: true }) pump.TakePage(session, binding, link, page);
            else if (page.Deliveries.Count > 0) pump.DropPush(page.Flow, "unknown_binding");
            if (binding is null && page.Deliveries.Count > 0) links.UnregisterStray(page.Flow, page.User, link);
        }
    }

    public void Refreshed(ICoreLink link, RefreshAnswer answer)
    {
        Take(link, answer);
        if (!_snapshots.TryGetValue(link, out Snapshot? snapshot)) return;
        snapshot.Answered(answer.Flow, answer.UserName);
        Tell(link, snapshot);
    }

    /// <summary>Tells of as many bindings as the window has room for.</summary>
    private void Tell(ICoreLink link, Snapshot snapshot)
    {
        while (snapshot.TryNext(out ulong flow))
        {
            if (sessions.Find(flow) is not { } session) continue;
            lock (session.Connection.Gate)
            {
                foreach (Binding binding in session.Bindings)
                {
                    if (binding.IsBound && !binding.MustChallenge && pump.PostRefresh(session, binding, link, byClient: false)) snapshot.Asked(flow, binding.User);
                }
            }
        }

        if (!snapshot.IsDone || !_snapshots.TryRemove(link, out _)) return;
        EdgeLog.SnapshotSent(logger, snapshot.Told);
    }

    private void Take(ICoreLink link, RefreshAnswer answer)
    {
        if (sessions.Find(answer.Flow) is not { } session)
        {
            if (answer.Outcome == RegisterOutcome.Bound) links.UnregisterStray(answer.Flow, answer.UserName, link);   // its end was overtaken
            return;
        }

        lock (session.Connection.Gate)
        {
            Binding? known = session.Find(answer.User);
            if (known is null && answer.Outcome == RegisterOutcome.Bound) links.UnregisterStray(answer.Flow, answer.UserName, link);
            if (known is not { IsBound: true } binding) return;
            bool isLast = binding.RefreshOn == link;
            if (isLast) binding.RefreshOn = null;
            switch (answer.Outcome)
            {
                case RegisterOutcome.Bound:
                    if (isLast) binding.RefreshByClient = false;
                    if (answer.Page is not null) pump.TakePage(session, binding, link, answer.Page);
                    break;
                case RegisterOutcome.BadTicket when !isLast:
                    break;   // registered anew meanwhile, or the answer to a later refresh will say the same
                case RegisterOutcome.BadTicket:
                    binding.Revoke(clock.NowMs);
                    session.DueBy(binding.ExpiresMs);   // the sweep ends it, and the connection if the client does not register anew
                    EdgeLog.TicketRefused(logger, session.Flow);
                    break;
                case RegisterOutcome.RegisterFault:
                    break;   // again would not help; the client's next refresh tries
                default:
                    binding.RefreshAgainMs = clock.NowMs + RefreshAgainMs;
                    session.DueBy(binding.RefreshAgainMs);
                    break;
            }
        }
    }
}
