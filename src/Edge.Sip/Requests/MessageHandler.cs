using System.Text;
using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Diagnostics;
using Edge.Sip.Parsing;
using Edge.Sip.Registrar;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;
using Google.Protobuf;

namespace Edge.Sip.Requests;

/// <summary>Takes MESSAGE from registered clients (RFC 3428): 202 once the core holds it durably, else the error table of the spec.</summary>
internal sealed class MessageHandler(ICoreLinks links, Responder responder, EdgeClock clock, EdgeMetrics metrics)
{
    private const int MostWarningBytes = 400;

    public void Handle(SipSession session, in SipRequest request, in SipRequestFields fields)
    {
        Span<byte> from = stackalloc byte[AccountUri.MostUserBytes];
        bool readable = AccountUri.TryRead(fields.From, from, out int length, out SipUri uri);
        if (links.Pick(from[..length]) is not { Settings: { } settings } link)
        {
            responder.RefuseUnavailable(session, request);
            return;
        }

        // Never accepted on credentials of its own: who sends is who registered on this connection (spec S11).
        Binding? sender = readable && uri.HostIs(settings.DomainUtf8) ? session.Find(from[..length]) : null;
        if (sender is not { IsBound: true })
        {
            if (session.UnboundSinceMs != 0) responder.Challenge(session, request, link, settings, stale: false);
            else responder.Refuse(session, request, 403, "other_account");
        }
        else if (fields.ViaCount != 1 || !sender.IsDirect)
        {
            responder.Refuse(session, request, 403, "proxied");   // trust by connection is for directly connected clients: others may share this one
        }
        else if (!sender.IsTrusted(clock.NowMs))
        {
            responder.Challenge(session, request, link, settings, stale: false);
        }
        else
        {
            SipFault fault = MessageBody.Read(request, out MessageBody body);
            if (fault != SipFault.None) responder.Refuse(session, request, SipFaults.Status(fault), SipFaults.Tag(fault));
            else Take(session, request, fields, sender, link, body);
        }
    }

    /// <summary>The core has answered, or has not: <paramref name="answer"/> is then null.</summary>
    public void Complete(PendingSubmit pending, Submitted? answer)
    {
        SipSession session = pending.Session;
        lock (session.Connection.Gate)
        {
            if (!session.Transactions.EndServer(pending.Transaction) || session.HasEnded) return;
            switch (answer?.Refusal)
            {
                case Refusal.Unspecified:
                    metrics.MessageAccepted();
                    scoped SipResponseWriter accepted = responder.Begin(202, pending.Lines);
                    // What the sender asks for its state by: GET /v1/messages/ID, or the status stream.
                    Span<byte> id = stackalloc byte[64];
                    if (answer.MessageId.Length > 0 && Encoding.ASCII.TryGetBytes(answer.MessageId, id, out int idLength)) accepted.Add("X-Edge-Message-Id"u8, id[..idLength]);
                    responder.Send(session, 202, ref accepted);
                    break;
                case Refusal.BadRecipient:
                    Refuse(pending, 400, "bad_recipient", answer, retryAfter: false);
                    break;
                case Refusal.BadText:
                    Refuse(pending, 400, "bad_text", answer, retryAfter: false);
                    break;
                case Refusal.TextTooLong:
                    Refuse(pending, 413, "text_too_long", answer, retryAfter: false);
                    break;
                case Refusal.UnknownRecipient:
                    Refuse(pending, 404, "unknown_recipient", answer, retryAfter: false);
                    break;
                case Refusal.IdReused:
                    Refuse(pending, 400, "id_reused", answer, retryAfter: false);
                    break;
                case Refusal.OverLimit:
                    Refuse(pending, 480, "over_limit", answer, retryAfter: true);
                    break;
                case Refusal.NotRegistered when pending.Link.Settings is { } settings:
                    if (pending.Ticket == pending.Binding.Ticket)   // else registered anew meanwhile: that registration stands
                    {
                        pending.Binding.Revoke(clock.NowMs);
                        session.DueBy(clock.NowMs);
                    }

                    responder.Challenge(session, pending.Lines, pending.Link, settings, stale: false);
                    break;
                case Refusal.Malformed:
                    Refuse(pending, 400, "malformed", answer, retryAfter: false);
                    break;
                case Refusal.Fault:
                    Refuse(pending, 500, "core_fault", answer, retryAfter: false);
                    break;
                default:
                    responder.RefuseUnavailable(session, pending.Lines, answer?.RetryAfterSeconds ?? 0);
                    break;
            }
        }
    }

    private void Take(SipSession session, in SipRequest request, in SipRequestFields fields, Binding sender, ICoreLink link, in MessageBody body)
    {
        switch (body.Kind)
        {
            case MessageBodyKind.Text:
                Submit(session, request, fields, sender, link, body);
                break;
            case MessageBodyKind.Unsupported:
                responder.Refused(session, 415, "content_type");
                scoped SipResponseWriter refusal = responder.Begin(session, 415, request);
                refusal.AddAccept();
                responder.Send(session, 415, ref refusal);
                break;
            default:
                metrics.MessageDropped(body.Kind);   // 200, not 202: nothing is kept of it
                scoped SipResponseWriter answer = responder.Begin(session, 200, request);
                responder.Send(session, 200, ref answer);
                break;
        }
    }

    private void Submit(SipSession session, in SipRequest request, in SipRequestFields fields, Binding sender, ICoreLink link, in MessageBody body)
    {
        TransactionKey key = TransactionKey.OfRequest(request, fields);
        ServerStart start = session.Transactions.BeginServer(key);
        if (start == ServerStart.Repeat) return;   // absorbed: the first one is being handled
        if (start == ServerStart.Full)
        {
            responder.RefuseUnavailable(session, request, "connection_busy");
            return;
        }

        PendingSubmit pending = new(this) { Session = session, Transaction = key, Lines = responder.Keep(session, request), Binding = sender, Ticket = sender.Ticket, Link = link };
        Submit submit = new()
        {
            Flow = session.Flow,
            User = sender.User,
            Ticket = sender.Ticket,
            ClientKey = body.ImdnMessageId.IsEmpty ? ClientKey(fields) : Encoding.ASCII.GetString(body.ImdnMessageId),   // without a NUL: never equal to the other form
            Recipient = Encoding.ASCII.GetString(request.Uri),
            Text = ByteString.CopyFrom(body.Text),
        };
        if (!body.ImdnMessageId.IsEmpty && (body.WantsDelivered || body.WantsFailed))
        {
            // Without an id of its own the client could not tell what a receipt is about (RFC 5438 §7.1.1.1).
            submit.ReceiptRequest = new ReceiptRequest { ImdnMessageId = submit.ClientKey, Delivered = body.WantsDelivered, Failed = body.WantsFailed };
        }

        if (link.Ask(new EdgeEvent { Submit = submit }, pending)) return;
        _ = session.Transactions.EndServer(key);
        responder.RefuseUnavailable(session, request, link.IsUp ? "core_busy" : "unavailable");
    }

    /// <summary>What makes a repeated MESSAGE without an imdn.Message-ID the same one (spec, "One id for life"): Call-ID, From tag and CSeq number.</summary>
    private static string ClientKey(in SipRequestFields fields)
    {
        ReadOnlySpan<byte> tag = fields.From.Tag;
        Span<byte> number = stackalloc byte[11];
        _ = System.Buffers.Text.Utf8Formatter.TryFormat(fields.CSeq.Number, number, out int digits);
        int length = fields.CallId.Length + tag.Length + digits + 2;
        Span<byte> key = length <= 512 ? stackalloc byte[length] : new byte[length];
        fields.CallId.CopyTo(key);
        key[fields.CallId.Length] = 0;
        tag.CopyTo(key[(fields.CallId.Length + 1)..]);
        key[fields.CallId.Length + 1 + tag.Length] = 0;
        number[..digits].CopyTo(key[(fields.CallId.Length + tag.Length + 2)..]);
        return Encoding.Latin1.GetString(key);
    }

    private void Refuse(PendingSubmit pending, int status, string cause, Submitted answer, bool retryAfter)
    {
        SipSession session = pending.Session;
        responder.Refused(session, status, cause);
        scoped SipResponseWriter response = responder.Begin(status, pending.Lines);
        if (retryAfter) response.AddRetryAfter(Math.Max(1, answer.RetryAfterSeconds));
        if (answer.Detail.Length > 0) AddWarning(pending, answer.Detail, ref response);
        responder.Send(session, status, ref response);
    }

    /// <summary>The core's words for a person: four counts, or what an id was used for. What a quoted string cannot hold is replaced.</summary>
    private static void AddWarning(PendingSubmit pending, string detail, scoped ref SipResponseWriter response)
    {
        Span<byte> words = new byte[Math.Min(detail.Length, MostWarningBytes)];
        int length = 0;
        foreach (char c in detail)
        {
            if (length == words.Length) break;
            words[length++] = c is < ' ' or > '~' or '"' or '\\' ? (byte)'\'' : (byte)c;
        }

        response.AddWarning(pending.Link.Settings!.DomainUtf8, words[..length]);
    }
}
