using System.Net;
using System.Text;
using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Delivery;
using Edge.Sip.Diagnostics;
using Edge.Sip.Parsing;
using Edge.Sip.Requests;
using Edge.Sip.Sessions;
using Edge.Sip.Transactions;
using Edge.Sip.Transport;
using Google.Protobuf;

namespace Edge.Sip.Registrar;

/// <summary>Answers REGISTER: RFC 3261 §10.3, RFC 5626 §6. Digests are verified by the core; a refresh on a trusted connection is answered at once.</summary>
/// <remarks>The edge knows one binding for each account and connection, and tells a client of that one alone: others are on other edges.</remarks>
internal sealed class RegisterHandler(
    SipOptions options, ICoreLinks links, DeliveryPump pump, CredentialReader credentials, Responder responder,
    AddressLimits addresses, EdgeClock clock, EdgeMetrics metrics)
{
    private const int MostRouteBytes = 1_024;
    private const int MostAgentBytes = 128;
    private const long UndoneMs = 20_000;   // longer than a link may be silent (15 s) and a store call take (5 s): whatever was sent before has taken effect by then

    public void Handle(SipSession session, in SipRequest request, in SipRequestFields fields)
    {
        Span<byte> user = stackalloc byte[AccountUri.MostUserBytes];
        if (!AccountUri.TryRead(fields.To, user, out int length, out SipUri to))
        {
            bool isSip = SipUri.Parse(fields.To.Uri, out _) == SipFault.None;   // §10.3 step 5: an address-of-record is a SIP or SIPS URI
            Refuse(session, request, isSip ? 404 : 400, isSip ? "unknown_account" : SipFaults.Tag(SipFault.BadTo));
            return;
        }

        user = user[..length];
        if (links.Pick(user) is not { Settings: { } settings } link)
        {
            metrics.RegisterAnswered("unavailable");
            responder.RefuseUnavailable(session, request);
            return;
        }

        Span<byte> from = stackalloc byte[AccountUri.MostUserBytes];
        if (!fields.Uri.HostIs(settings.DomainUtf8) || !to.HostIs(settings.DomainUtf8)) Refuse(session, request, 404, "unknown_domain");
        else if (!AccountUri.TryRead(fields.From, from, out int fromLength, out SipUri fromUri)
            || !user.SequenceEqual(from[..fromLength]) || !fromUri.HostIs(settings.DomainUtf8)) Refuse(session, request, 403, "third_party");
        else Handle(session, request, fields, user, link, settings);
    }

    /// <summary>The core has answered, or has not: <paramref name="answer"/> is then null.</summary>
    public void Complete(PendingRegister pending, Registered? answer)
    {
        SipSession session = pending.Session;
        addresses.EndAsk(session.Connection.Peer.Address);
        lock (session.Connection.Gate)
        {
            Binding binding = pending.Binding;
            binding.Pending--;
            bool mayAnswer = session.Transactions.EndServer(pending.Transaction);
            bool bound = answer?.Outcome == RegisterOutcome.Bound;
            if (answer?.Outcome == RegisterOutcome.BadCredentials) addresses.CountFailure(session.Connection.Peer.Address);
            if (session.HasEnded)
            {
                if (bound && pending.Seconds > 0) links.Unregister(session.Flow, binding.User, byClient: false, EndReasons.Tag(session.Connection.Reason));   // bound after the connection's end was told
                return;
            }

            if (bound && pending.Seconds > 0) Bind(pending, answer!);
            else if (bound) Unbind(session, binding);
            else Unbound(pending, answer);

            if (mayAnswer) Answer(pending, answer);
            if (bound && pending.Seconds > 0) pump.TakePage(session, binding, pending.Link, answer!.Page);
        }
    }

    private void Handle(
        SipSession session, in SipRequest request, in SipRequestFields fields, ReadOnlySpan<byte> user, ICoreLink link, LinkSettings settings)
    {
        SipHeaders headers = request.Headers;
        Span<byte> route = stackalloc byte[MostRouteBytes];
        SipFault fault = ReadContacts(headers, out RegisterIntent intent, out SipContact contact);
        int routeLength = headers.JoinAddresses(SipHeader.Path, route);   // for a Route header (RFC 3327 §5.4)
        if (fault == SipFault.None && routeLength == 0 && headers.Has(SipHeader.Path)) fault = SipFault.BadHeader;
        if (fault != SipFault.None)
        {
            Refuse(session, request, SipFaults.Status(fault), SipFaults.Tag(fault));
            return;
        }

        int seconds = 0;
        if (intent == RegisterIntent.Bind)
        {
            seconds = ExpiresOf(headers, contact, settings);
            if (seconds == 0) intent = RegisterIntent.Unbind;
        }

        if (intent == RegisterIntent.Bind && seconds < settings.MinExpires)
        {
            metrics.RegisterAnswered("refused");
            responder.Refused(session, 423, "too_brief");
            scoped SipResponseWriter brief = responder.Begin(session, 423, request);
            brief.AddMinExpires(settings.MinExpires);
            responder.Send(session, 423, ref brief);
            return;
        }

        seconds = Math.Min(seconds, settings.MaxExpires);
        bool outbound = headers.Lists(SipHeader.Supported, "outbound"u8);
        Binding? binding = session.Find(user);
        if (intent == RegisterIntent.Unbind && contact.Uri.Length > 0 && binding is { IsBound: true } && !binding.Contact.IsSameDevice(contact))
        {
            intent = RegisterIntent.Query;   // §10.3 step 7: a contact that is not bound is nothing to remove
        }

        bool direct = fields.ViaCount == 1 && routeLength == 0;
        long trustedSeconds = binding is not { IsDirect: true } || !direct ? 0 : binding.TrustedSeconds(clock.NowMs);
        if (binding is not null && trustedSeconds >= (intent == RegisterIntent.Bind ? settings.MinExpires : 1))
        {
            seconds = (int)Math.Min(seconds, trustedSeconds);   // no registration outlives its ticket: the core would refuse its pages
            AnswerTrusted(session, request, binding, link, intent, contact, outbound, seconds);
            return;
        }

        TransactionKey key = TransactionKey.OfRequest(request, fields);
        if (session.Transactions.IsServing(key)) return;   // a repeat; its digest has been used
        Register register = new() { Flow = session.Flow, Domain = settings.Domain, ClientAddress = direct ? AddressOf(session) : ByteString.Empty, Client = ClientOf(session, headers) };
        switch (credentials.Read(session, request, user, link, settings, register))
        {
            case Credentials.None:
                metrics.RegisterAnswered("challenged");
                responder.Challenge(session, request, link, settings, stale: false);
                return;
            case Credentials.Stale:
                metrics.RegisterAnswered("stale");
                responder.Challenge(session, request, link, settings, stale: true);
                return;
            case Credentials.Malformed:
                Refuse(session, request, 400, SipFaults.Tag(SipFault.BadAuthorization));
                return;
            case Credentials.OtherAccount:
                Refuse(session, request, 403, "other_account");
                return;
            default:
                break;
        }

        // Never a registered account on its own connection: a stranger behind the same NAT must not end it.
        if (binding is not { IsBound: true } && addresses.SecondsLocked(session.Connection.Peer.Address) is > 0 and var locked)
        {
            metrics.RegisterAnswered("address_locked_out");
            responder.Refused(session, 403, "address_locked_out");
            scoped SipResponseWriter answer = responder.Begin(session, 403, request);
            answer.AddRetryAfter(locked);
            responder.Send(session, 403, ref answer);
            return;
        }

        RegisteredContact registered = intent == RegisterIntent.Bind ? RegisteredContact.Of(contact, outbound, route[..routeLength]) : RegisteredContact.None;
        if (intent == RegisterIntent.Query && binding is { IsBound: true })
        {
            // A Register without seconds would end the binding that is asked about: it is renewed as it stands instead.
            registered = binding.Contact;
            seconds = (int)binding.SecondsLeft(clock.NowMs);
        }

        Ask(session, request, key, binding, user, link, register, intent, registered, seconds, direct && registered.Route.Length == 0);
    }

    private void Ask(
        SipSession session, in SipRequest request, TransactionKey key, Binding? binding, ReadOnlySpan<byte> user, ICoreLink link,
        Register register, RegisterIntent intent, RegisteredContact contact, int seconds, bool isDirect)
    {
        if (binding is null && session.Bindings.Count >= SipSession.MostBindings)
        {
            Refuse(session, request, 403, "too_many_accounts");
            return;
        }

        IPAddress address = session.Connection.Peer.Address;
        if (!addresses.TryAsk(address))
        {
            RefuseBusy(session, request, "address_busy");
            return;
        }

        if (session.Transactions.BeginServer(key) != ServerStart.New)
        {
            addresses.EndAsk(address);
            RefuseBusy(session, request, "connection_busy");
            return;
        }

        if (binding is null)
        {
            // Before it is bound it keeps the place: a push that overtakes the answer is noted by its lane and fetched again.
            binding = new Binding(Encoding.ASCII.GetString(user), pump.CreateLane());
            session.Bindings.Add(binding);
        }

        binding.Pending++;
        register.User = binding.User;
        register.ExpiresSeconds = (uint)seconds;
        register.Device = contact.Device;
        if (seconds > 0) binding.MayBeUndone |= links.ForgetUnregister(session.Flow, binding.User);
        PendingRegister pending = new(this)
        {
            Session = session,
            Transaction = key,
            Lines = responder.Keep(session, request),
            Binding = binding,
            Link = link,
            Intent = intent,
            Contact = contact,
            IsDirect = isDirect,
            Seconds = seconds,
        };
        if (link.Ask(new EdgeEvent { Register = register }, pending)) return;
        addresses.EndAsk(address);
        binding.Pending--;
        _ = session.Transactions.EndServer(key);
        if (!binding.IsBound && binding.Pending == 0) session.Bindings.Remove(binding);
        if (link.IsUp)
        {
            RefuseBusy(session, request, "core_busy");
        }
        else
        {
            metrics.RegisterAnswered("unavailable");
            responder.RefuseUnavailable(session, request);
        }
    }

    private void AnswerTrusted(
        SipSession session, in SipRequest request, Binding binding, ICoreLink link, RegisterIntent intent, in SipContact contact, bool outbound, int seconds)
    {
        if (intent == RegisterIntent.Bind)
        {
            binding.ExpiresMs = clock.NowMs + (seconds * 1_000L);
            binding.RefreshAgainMs = 0;
            if (!binding.Contact.Is(contact, outbound))
            {
                binding.Contact = RegisteredContact.Of(contact, outbound, default);
                session.BindingsChanged(clock.NowMs);
            }
        }

        metrics.RegisterAnswered(intent switch { RegisterIntent.Bind => "refreshed", RegisterIntent.Unbind => "unregistered", _ => "queried" });
        scoped SipResponseWriter answer = responder.Begin(session, 200, request);
        Finish(session, intent == RegisterIntent.Unbind ? null : binding, ref answer);
        if (intent == RegisterIntent.Bind)
        {
            _ = pump.PostRefresh(session, binding, link, byClient: true);
        }
        else if (intent == RegisterIntent.Unbind)
        {
            Unbind(session, binding);
            links.Unregister(session.Flow, binding.User, byClient: true, "unregistered");
        }
    }

    private void Bind(PendingRegister pending, Registered answer)
    {
        SipSession session = pending.Session;
        Binding binding = pending.Binding;
        long now = clock.NowMs;
        if (!binding.IsBound) metrics.RegistrationsChanged(1);
        binding.IsBound = true;
        binding.MayBeBound = false;
        binding.MustChallenge = false;
        binding.Ticket = answer.Ticket;
        binding.TicketExpiresMs = pending.Link.Clock.ToEdge(answer.TicketExpireTimeMs);
        binding.ExpiresMs = now + (pending.Seconds * 1_000L);
        binding.Contact = pending.Contact;
        binding.IsDirect = pending.IsDirect;
        binding.RefreshAgainMs = binding.MayBeUndone ? now + UndoneMs : 0;
        binding.RefreshByClient = false;
        binding.RefreshOn = null;
        binding.MayBeUndone = false;
        session.BindingsChanged(now);
    }

    /// <summary>Not bound as far as is known. Without the core's word it may be bound there all the same: then messages would go to this flow in vain, so that is taken back.</summary>
    private void Unbound(PendingRegister pending, Registered? answer)
    {
        Binding binding = pending.Binding;
        if (pending.Seconds > 0 && answer is null or { Outcome: RegisterOutcome.StoreUnavailable or RegisterOutcome.RegisterFault }) binding.MayBeBound = true;
        if (binding.IsBound || binding.Pending > 0) return;
        pending.Session.Bindings.Remove(binding);
        if (binding.MayBeBound) links.Unregister(pending.Session.Flow, binding.User, byClient: false, "not_confirmed");
    }

    private void Unbind(SipSession session, Binding binding)
    {
        if (binding.Pending == 0) session.Bindings.Remove(binding);   // else a REGISTER under way keeps its lane: never two for one account
        if (!binding.IsBound) return;
        binding.IsBound = false;
        metrics.RegistrationsChanged(-1);
        session.BindingsChanged(clock.NowMs);
    }

    private void Answer(PendingRegister pending, Registered? answer)
    {
        SipSession session = pending.Session;
        switch (answer?.Outcome)
        {
            case RegisterOutcome.Bound:
                metrics.RegisterAnswered(pending.Intent switch { RegisterIntent.Bind => "bound", RegisterIntent.Unbind => "unregistered", _ => "queried" });
                scoped SipResponseWriter accepted = responder.Begin(200, pending.Lines);
                Finish(session, pending.Seconds > 0 ? pending.Binding : null, ref accepted);
                break;
            case RegisterOutcome.BadCredentials or RegisterOutcome.BadTicket or RegisterOutcome.StaleNonce when pending.Link.Settings is { } settings:
                bool stale = answer.Outcome == RegisterOutcome.StaleNonce;
                metrics.RegisterAnswered(stale ? "stale" : "bad_credentials");
                responder.Challenge(session, pending.Lines, pending.Link, settings, stale);
                break;
            case RegisterOutcome.TooManyFailures:
                metrics.RegisterAnswered("locked_out");
                responder.Refused(session, 403, "locked_out");
                scoped SipResponseWriter locked = responder.Begin(403, pending.Lines);
                locked.AddRetryAfter(answer.RetryAfterSeconds);
                responder.Send(session, 403, ref locked);
                break;
            case RegisterOutcome.RegisterFault:
                metrics.RegisterAnswered("fault");
                responder.Refused(session, 500, "core_fault");
                scoped SipResponseWriter faulted = responder.Begin(500, pending.Lines);
                responder.Send(session, 500, ref faulted);
                break;
            default:
                metrics.RegisterAnswered("unavailable");
                responder.RefuseUnavailable(session, pending.Lines, answer?.RetryAfterSeconds ?? 0);
                break;
        }
    }

    /// <summary>Ends a 200: the binding, if there is one, and what an outbound client needs to keep it alive.</summary>
    private void Finish(SipSession session, Binding? binding, scoped ref SipResponseWriter answer)
    {
        if (binding is not null)
        {
            RegisteredContact contact = binding.Contact;
            answer.AddContact(contact.Uri, (int)binding.SecondsLeft(clock.NowMs), contact.Instance, contact.RegId);
            if (contact.Route.Length > 0) answer.Add("Path"u8, contact.Route);   // RFC 3327 §5.3
            if (contact.IsOutbound) answer.AddOutbound(options.FlowTimerSeconds);
        }

        answer.AddSupported();
        answer.AddDate(clock.UtcNow);
        responder.Send(session, 200, ref answer);
    }

    private static ByteString AddressOf(SipSession session) => ByteString.CopyFrom(PlainAddress(session).GetAddressBytes());

    private static IPAddress PlainAddress(SipSession session)
    {
        IPAddress address = session.Connection.Peer.Address;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    /// <summary>For the operators' session log. Only what asks the core is described: a refresh on a trusted connection costs nothing of this.</summary>
    private ClientSession ClientOf(SipSession session, in SipHeaders headers)
    {
        ReadOnlySpan<byte> agent = headers.Has(SipHeader.UserAgent) ? headers.First(SipHeader.UserAgent) : [];
        (string version, string suite) = session.Connection.Tls;
        return new ClientSession
        {
            Address = new IPEndPoint(PlainAddress(session), session.Connection.Peer.Port).ToString(),
            UserAgent = Encoding.ASCII.GetString(agent[..Math.Min(agent.Length, MostAgentBytes)]),
            TlsVersion = version,
            CipherSuite = suite,
            ConnectedMs = (ulong)Math.Max(0, clock.NowMs - session.OpenedMs),
        };
    }

    /// <summary>Reads what is to be bound: the first contact that is not to be removed, or the first.</summary>
    private static SipFault ReadContacts(in SipHeaders headers, out RegisterIntent intent, out SipContact chosen)
    {
        chosen = default;
        int count = 0;
        bool star = false, chosenStays = false;
        SipValues values = headers.Values(SipHeader.Contact);
        while (values.MoveNext())
        {
            if (!SipContact.TryParse(values.Current, out SipContact contact)) { intent = default; return SipFault.BadContact; }
            count++;
            star |= contact.IsStar;
            if (contact.IsStar) continue;
            bool echoable = !contact.Instance.ContainsAnyExceptInRange((byte)' ', (byte)'~') && !contact.Instance.ContainsAny((byte)'"', (byte)'\\');   // the 200 repeats it
            if (!echoable || SipUri.Parse(contact.Uri, out _) != SipFault.None) { intent = default; return SipFault.BadContact; }
            bool stays = contact.ExpiresSeconds != 0;
            if (count > 1 && (chosenStays || !stays)) continue;
            chosen = contact;
            chosenStays = stays;
        }

        intent = count == 0 ? RegisterIntent.Query : star ? RegisterIntent.Unbind : RegisterIntent.Bind;
        if (values.Faulty) return SipFault.BadContact;

        // §10.3 step 6: a star stands alone and goes with Expires 0 only.
        bool expiresZero = headers.Has(SipHeader.Expires) && SipContact.ReadExpires(headers.First(SipHeader.Expires)) == 0;
        return star && (count > 1 || !expiresZero) ? SipFault.BadContact : SipFault.None;
    }

    private static int ExpiresOf(in SipHeaders headers, in SipContact contact, LinkSettings settings) => contact.ExpiresSeconds >= 0
        ? contact.ExpiresSeconds
        : headers.Has(SipHeader.Expires) ? SipContact.ReadExpires(headers.First(SipHeader.Expires)) : settings.MaxExpires;

    private void RefuseBusy(SipSession session, in SipRequest request, string cause)
    {
        metrics.RegisterAnswered("busy");
        responder.RefuseUnavailable(session, request, cause);
    }

    private void Refuse(SipSession session, in SipRequest request, int status, string cause)
    {
        metrics.RegisterAnswered("refused");
        responder.Refuse(session, request, status, cause);
    }
}
