using Edge.Sip.CoreLink;
using Edge.Sip.Delivery;
using Edge.Sip.Diagnostics;
using Edge.Sip.Parsing;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;
using Edge.Sip.Transport;

namespace Edge.Sip.Requests;

/// <summary>What comes in on a connection, message by message, to whoever answers it: RFC 3261 §8.2 and §18.</summary>
internal sealed class RequestDispatcher(
    SipOptions options, SessionTable sessions, ICoreLinks links, RegisterHandler registers, MessageHandler messages, DeliveryPump pump, Responder responder,
    EdgeClock clock, EdgeMetrics metrics, ILogger<RequestDispatcher> logger)
    : IConnectionHandler
{
    private static readonly byte[] Pong = "\r\n"u8.ToArray();

    public void Accepted(Connection connection)
    {
        SipSession session = new(connection, options.Limits, clock.NowMs);
        connection.Owner = session;
        sessions.Add(session);
        metrics.ConnectionAccepted();
    }

    public void Secured(Connection connection)
    {
        SipSession session = (SipSession)connection.Owner!;
        lock (connection.Gate)
        {
            session.SecuredMs = session.LastInboundMs = clock.NowMs;
            session.DueMs = 0;
        }
    }

    public int Received(Connection connection, ReadOnlySpan<byte> unread)
    {
        SipSession session = (SipSession)connection.Owner!;
        lock (connection.Gate)
        {
            long now = clock.NowMs;
            session.LastInboundMs = now;
            int consumed = 0;
            while (connection.Reason == EndReason.None)
            {
                ReadOnlySpan<byte> rest = unread[consumed..];
                SipFrame frame = session.Framer.Next(rest);
                consumed += frame.Consumed;
                if (frame.Kind == SipFrameKind.NeedMore)
                {
                    Begun(session, now, consumed < unread.Length, fresh: consumed > 0);
                    return consumed;
                }

                if (frame.Kind == SipFrameKind.Fault)
                {
                    Unframable(session, frame, rest);
                    return unread.Length;
                }

                if (frame.Kind == SipFrameKind.Ping) connection.Send(Pong);
                else Take(session, frame.Head(rest), frame.Body(rest));
            }

            return unread.Length;   // what follows the end is not looked at
        }
    }

    public void Ended(Connection connection)
    {
        SipSession session = (SipSession)connection.Owner!;
        EndReason reason = connection.Reason;
        lock (connection.Gate)
        {
            session.HasEnded = true;
            sessions.Remove(session);
            pump.ConnectionEnded(session);   // failed tries before the unregistration: the core counts them for the active flow only
            foreach (Binding binding in session.Bindings)
            {
                if (binding.IsBound) metrics.RegistrationsChanged(-1);
                links.Unregister(session.Flow, binding.User, byClient: false, EndReasons.Tag(reason));
            }

            session.Bindings.Clear();
        }

        metrics.ConnectionEnded(reason);
        EdgeLog.ConnectionEnded(logger, connection.Flow, reason);
    }

    private static void Begun(SipSession session, long now, bool unfinished, bool fresh)
    {
        if (!unfinished)
        {
            session.MessageBegunMs = 0;
        }
        else if (fresh || session.MessageBegunMs == 0)
        {
            session.MessageBegunMs = now;   // its first byte came just now
            session.DueMs = 0;
        }
    }

    private void Take(SipSession session, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        session.SawRequest = true;
        Span<SipHeaderSlot> slots = Scratch.Slots(options.Limits.Headers);
        if (SipRequest.IsResponse(head))
        {
            TakeResponse(session, head, body, slots);
            return;
        }

        SipFault fault = SipRequest.Parse(head, body, slots, out SipRequest request);
        metrics.RequestReceived(request.Method);
        if (request.Method == SipMethod.Ack) return;   // never answered (§17.1.1.3), and there is no INVITE it could belong to
        SipRequestFields fields = default;
        if (fault == SipFault.None) fault = SipRequestChecks.Check(request, out fields);
        if (fault != SipFault.None) responder.Refuse(session, request, SipFaults.Status(fault), SipFaults.Tag(fault));
        else Dispatch(session, request, fields);

        if (SipFaults.EndsConnection(fault)) session.Connection.EndAfterSending(EndReason.FramingFault);
    }

    private void Dispatch(SipSession session, in SipRequest request, in SipRequestFields fields)
    {
        SipMethod method = request.Method;
        bool served = method is SipMethod.Register or SipMethod.Message or SipMethod.Options;
        if (method is SipMethod.Cancel or SipMethod.Bye || (method is not (SipMethod.Register or SipMethod.Unknown) && !fields.To.Tag.IsEmpty))
        {
            responder.Refuse(session, request, 481, "no_dialog");   // §9.2, §12.2.2: there are neither transactions to cancel nor dialogs
        }
        else if (method == SipMethod.Unknown)
        {
            responder.Refuse(session, request, 501, "unknown_method");   // §21.5.2
        }
        else if (!served)
        {
            responder.Refused(session, 405, "method");
            scoped SipResponseWriter answer = responder.Begin(session, 405, request);
            answer.AddAllow();
            responder.Send(session, 405, ref answer);
        }
        else if (SipRequestChecks.HasUnknownExtension(request.Headers))
        {
            responder.Refused(session, 420, SipFaults.Tag(SipFault.UnsupportedExtension));
            scoped SipResponseWriter answer = responder.Begin(session, 420, request);
            answer.AddUnsupported(request.Headers);
            responder.Send(session, 420, ref answer);
        }
        else if (method == SipMethod.Message && fields.MaxForwards == 0)
        {
            responder.Refuse(session, request, 483, "max_forwards");   // §16.3: the other two end here and need no hop more
        }
        else if (method == SipMethod.Register)
        {
            registers.Handle(session, request, fields);
        }
        else if (method == SipMethod.Message)
        {
            messages.Handle(session, request, fields);
        }
        else
        {
            scoped SipResponseWriter answer = responder.Begin(session, 200, request);
            answer.AddAllow();
            answer.AddAccept();
            answer.AddSupported();
            responder.Send(session, 200, ref answer);
        }
    }

    /// <summary>Responses count on the connection of their request alone; what matches nothing is dropped.</summary>
    private void TakeResponse(SipSession session, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, Span<SipHeaderSlot> slots)
    {
        if (SipResponse.Parse(head, body, slots, out SipResponse response) != SipFault.None || response.Check(out SipResponseFields fields) != SipFault.None
            || !session.Transactions.TryTakeResponse(response, fields, out HeldDelivery? delivery))
        {
            metrics.ResponseIgnored();
            return;
        }

        if (response.IsFinal) pump.Answered(session, delivery!, response.Status);
    }

    /// <summary>Where the next message begins is unknown: answered if there is enough to answer, then closed; never guessed.</summary>
    private void Unframable(SipSession session, in SipFrame frame, ReadOnlySpan<byte> rest)
    {
        int status = SipFaults.Status(frame.Fault);
        ReadOnlySpan<byte> head = frame.Head(rest);
        if (head.IsEmpty || SipRequest.IsResponse(head))
        {
            responder.Refused(session, status, SipFaults.Tag(frame.Fault));
        }
        else
        {
            _ = SipRequest.Parse(head, default, Scratch.Slots(options.Limits.Headers), out SipRequest request);
            if (request.Method != SipMethod.Ack) responder.Refuse(session, request, status, SipFaults.Tag(frame.Fault));
        }

        session.Connection.EndAfterSending(EndReason.FramingFault);
    }
}
