using System.Text;
using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Diagnostics;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;
using Edge.Sip.Transport;

namespace Edge.Sip.Delivery;

/// <summary>From the core to the recipient's connection, in order, one at a time; and how it ended, up again.</summary>
/// <remarks>Everything runs under the connection's gate and only queues: neither a slow client nor a slow link can block the other.</remarks>
internal sealed class DeliveryPump(ICoreLinks links, SipOptions options, EdgeClock clock, EdgeMetrics metrics, ILogger<DeliveryPump> logger)
{
    private static readonly long MostUnixMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>What the Via of our requests calls us: the served domain and this port.</summary>
    public int Port { get; set; } = options.Port;

    public DeliveryLane CreateLane() => new(options.Window);

    /// <summary>A direct push.</summary>
    public void Push(SipSession session, Binding binding, ICoreLink link, LinkDelivery delivery)
    {
        LaneVerdict verdict = binding.Lane.Push(new HeldDelivery(delivery, link));
        if (verdict != LaneVerdict.Taken) Dropped(session, verdict);
        Pump(session, binding);
    }

    /// <summary>A page: the answer to a registration, a refresh, a request, or sent by the core's sweep.</summary>
    /// <param name="page">Not to be kept, only its deliveries: the next answer to a refresh may use it again.</param>
    public void TakePage(SipSession session, Binding binding, ICoreLink link, Page? page)
    {
        if (page is null || page.Failed)
        {
            binding.Lane.PageFailed(clock.NowMs);
        }
        else if (binding.Lane.BeginPage(page.After))
        {
            bool cut = false;
            for (int i = 0; i < page.Deliveries.Count; i++)   // foreach makes an enumerator, for the empty page of every refresh too
            {
                LaneVerdict verdict = binding.Lane.PageDelivery(new HeldDelivery(page.Deliveries[i], link));
                if (verdict != LaneVerdict.Taken) Dropped(session, verdict);
                cut = verdict == LaneVerdict.Full;
                if (cut) break;
            }

            binding.Lane.EndPage(page.After, page.Upto, page.More, cut);
        }

        Pump(session, binding);
    }

    /// <summary>A final response to a MESSAGE of ours, matched on its own connection.</summary>
    public void Answered(SipSession session, HeldDelivery delivery, int status)
    {
        DeliveryOutcome outcome = OutcomeOf(status);
        if (outcome == DeliveryOutcome.Failed) metrics.DeliveryFailed("response");
        Finish(session, delivery, outcome, status, wasInFlight: true);
        Pump(session, delivery.Binding!);
    }

    /// <summary>The deadlines: timer F, pages and refreshes to ask for again.</summary>
    public void Sweep(SipSession session, long nowMs)
    {
        while (session.Transactions.TryTakeExpired(TimeSpan.FromMilliseconds(nowMs), out HeldDelivery? late))
        {
            metrics.DeliveryFailed("timeout");
            Finish(session, late!, DeliveryOutcome.Failed, 0, wasInFlight: true);
        }

        foreach (Binding binding in session.Bindings)
        {
            if (!binding.IsBound) continue;
            Pump(session, binding);
            if (binding.RefreshAgainMs == 0 || binding.RefreshAgainMs > nowMs) continue;
            if (links.Pick(binding.UserUtf8) is { } link) PostRefresh(session, binding, link, byClient: false);   // without a link the next snapshot brings it
            else binding.RefreshAgainMs = 0;
        }
    }

    /// <summary>The connection ended: what was written and not answered counts as a failed try, what was only held is forgotten: the core has it.</summary>
    public void ConnectionEnded(SipSession session)
    {
        while (session.Transactions.TryTakeLost(out HeldDelivery? lost))
        {
            metrics.DeliveryFailed("flow_lost");
            Finish(session, lost!, DeliveryOutcome.Failed, 0, wasInFlight: true);
        }
    }

    /// <summary>Renews a binding at a core, which answers with what waits.</summary>
    /// <param name="byClient">Whether a client's REGISTER asks for it now; one of before that no core has confirmed goes with it.</param>
    public bool PostRefresh(SipSession session, Binding binding, ICoreLink link, bool byClient)
    {
        binding.RefreshByClient |= byClient;
        binding.RefreshOn = link;
        EdgeEvent happened = RefreshEvents.Take();
        Refresh refresh = happened.Refresh;
        refresh.Flow = session.Flow;
        refresh.User = binding.User;
        refresh.Ticket = binding.Ticket;
        refresh.ExpiresSeconds = binding.SecondsLeft(clock.NowMs);
        refresh.Device = binding.Contact.Device;
        refresh.After = binding.Lane.Highest;
        refresh.ByClient = binding.RefreshByClient;
        bool posted = byClient ? link.PostSoon(happened) : link.Post(happened);   // a snapshot waits for each answer
        if (!posted) RefreshLost(session, binding);
        else if (binding.RefreshAgainMs <= clock.NowMs) binding.RefreshAgainMs = 0;   // this is it
        return posted;
    }

    /// <summary>The link was cut before it answered: what a client asked for goes to another core now, or to the first that is back.</summary>
    public void RefreshLost(SipSession session, Binding binding)
    {
        binding.RefreshOn = null;
        if (!binding.RefreshByClient) return;
        binding.RefreshAgainMs = clock.NowMs;
        session.DueBy(binding.RefreshAgainMs);
    }

    /// <summary>A push that nobody here can take.</summary>
    public void DropPush(ulong flow, string cause)
    {
        metrics.PushDropped(cause);
        EdgeLog.PushDropped(logger, flow, cause);
    }

    /// <summary>Spec S18: what ends a message, and what only ends a try.</summary>
    internal static DeliveryOutcome OutcomeOf(int status) => status switch
    {
        >= 200 and < 300 => DeliveryOutcome.AcceptedByDevice,
        405 or 406 or 413 or 414 or 415 or 416 or 420 or 485 or 488 or 489 or 493 or 501 or 505 or 513 or >= 600 => DeliveryOutcome.RefusedByDevice,
        _ => DeliveryOutcome.Failed,
    };

    /// <summary>Sends what may be sent now and asks for more.</summary>
    private void Pump(SipSession session, Binding binding)
    {
        if (!binding.IsBound || session.HasEnded) return;
        while (binding.Lane.TryTakeNext(out HeldDelivery? next))
        {
            next!.Binding = binding;
            if (next.HasExpired(clock.NowMs))
            {
                Finish(session, next, DeliveryOutcome.ExpiredAtEdge, 0, wasInFlight: false);
            }
            else if (!Write(session, binding, next))
            {
                metrics.DeliveryFailed("not_written");
                EdgeLog.DeliveryNotWritten(logger, session.Flow, next.Message.MessageId);
                Finish(session, next, DeliveryOutcome.Failed, 0, wasInFlight: false);
            }
        }

        if (binding.Lane.TryAskPage(clock.NowMs, out long after))
        {
            // Without a link the page counts as lost after a while, and the snapshot brings one before.
            _ = links.Pick(binding.UserUtf8)?.Post(new EdgeEvent
            {
                PageRequest = new PageRequest { Flow = session.Flow, User = binding.User, Ticket = binding.Ticket, After = after },
            });
        }

        session.DueBy(binding.Lane.PageDueMs);
    }

    private bool Write(SipSession session, Binding binding, HeldDelivery delivery)
    {
        LinkDelivery message = delivery.Message;
        byte[]? domain = delivery.Origin.Settings?.DomainUtf8;
        if (domain is null || message.MessageId.Length > 64 || message.Sender.Length > 64 || message.SenderTag.Length > 64) return false;
        if (!IsTime(message.AcceptTimeMs) || (message.Receipt is { } of && (!IsTime(of.AcceptTimeMs) || !IsTime(of.EndTimeMs)))) return false;
        Span<byte> id = stackalloc byte[64], sender = stackalloc byte[64], tag = stackalloc byte[64];
        Span<byte> branch = stackalloc byte[MessageRequestWriter.BranchDigits];
        Span<byte> sentBy = stackalloc byte[264];
        Span<byte> receipt = stackalloc byte[message.Receipt is null ? 0 : ReceiptWriter.MostBytes];
        id = id[..Encoding.ASCII.GetBytes(message.MessageId, id)];
        sender = sender[..Encoding.ASCII.GetBytes(message.Sender, sender)];
        if (message.Receipt is not null)
        {
            receipt = receipt[..ReceiptWriter.Write(message.Receipt, sender, binding.UserUtf8, domain, id, receipt)];
            if (receipt.IsEmpty) return false;
        }

        RandomHex.Fill(branch);
        SipText host = new(sentBy);
        host.Raw(domain);
        host.Raw(":"u8);
        host.Number(Port);
        OutboundMessage request = new()
        {
            RequestUri = binding.Contact.Uri,
            Route = binding.Contact.Route,
            SentBy = sentBy[..host.Length],
            BranchDigits = branch,
            Domain = domain,
            Sender = sender,
            Recipient = binding.UserUtf8,
            SenderTag = tag[..Encoding.ASCII.GetBytes(message.SenderTag, tag)],
            MessageId = id,
            AcceptTime = DateTimeOffset.FromUnixTimeMilliseconds(message.AcceptTimeMs),
            ValidSeconds = (message.ExpireTimeMs - message.AcceptTimeMs) / 1_000,
            ContentType = message.Receipt is null ? default : ReceiptWriter.ContentType(message.Receipt),
            Body = message.Receipt is null ? message.Text.Span : receipt,
        };
        byte[] buffer = Scratch.Bytes(MessageRequestWriter.MostBytes(request));
        int bytes = MessageRequestWriter.Write(request, buffer);
        TimeSpan now = TimeSpan.FromMilliseconds(clock.NowMs);
        if (bytes == 0 || !session.Transactions.TryBeginClient(MessageRequestWriter.Key(request), delivery, now)) return false;
        delivery.SentMs = clock.NowMs;
        metrics.DeliveryStarted();
        session.DueBy((long)(now + SipTimers.F).TotalMilliseconds);
        session.Connection.Send(buffer.AsSpan(0, bytes));
        return true;
    }

    /// <summary>Whether a Date can say it: a core that says another one must not stop the lane.</summary>
    private static bool IsTime(long unixMs) => unixMs >= 0 && unixMs <= MostUnixMs;

    private void Finish(SipSession session, HeldDelivery delivery, DeliveryOutcome outcome, int status, bool wasInFlight)
    {
        LinkDelivery message = delivery.Message;
        delivery.Binding!.Lane.Finished(delivery, outcome == DeliveryOutcome.Failed);
        string name = outcome switch
        {
            DeliveryOutcome.AcceptedByDevice => "accepted",
            DeliveryOutcome.RefusedByDevice => "refused",
            DeliveryOutcome.ExpiredAtEdge => "expired",
            _ => "failed",
        };
        metrics.DeliveryEnded(name, wasInFlight ? TimeSpan.FromMilliseconds(clock.NowMs - delivery.SentMs) : null);
        EdgeLog.DeliveryEnded(logger, session.Flow, message.MessageId, message.Attempt, name, status);
        links.Report(
            new DeliveryReport
            {
                Flow = session.Flow,
                User = delivery.Binding.User,
                Sequence = message.Sequence,
                MessageId = message.MessageId,
                Sender = message.Sender,
                Attempt = message.Attempt,
                Outcome = outcome,
                SipStatus = (uint)status,
                Token = message.Token,
            },
            delivery.Origin);
    }

    private void Dropped(SipSession session, LaneVerdict verdict)
    {
        string cause = verdict switch { LaneVerdict.Repeat => "repeat", LaneVerdict.Gap => "gap", _ => "full" };
        DropPush(session.Flow, cause);
    }
}
