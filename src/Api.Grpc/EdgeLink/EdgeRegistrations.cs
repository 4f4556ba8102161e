using System.Net;
using Api.Grpc.Authentication;
using Api.Grpc.Diagnostics;
using Api.Grpc.Options;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Core.Store.Operators;
using Core.Store.Presence;
using Edge.Link.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using ClientSession = Core.Store.Operators.ClientSession;

namespace Api.Grpc.EdgeLink;

/// <summary>Registrations at an edge: proved by digest, renewed by ticket, ended; each answers with the first page of what waits.</summary>
internal sealed class EdgeRegistrations(
    IMessageStore store, IAccountStore accounts, RegistrationTicket tickets, NonceCheck nonces, FailureBudget budget, LinkMapping mapping,
    CoreMetrics metrics, TimeProvider time, IOptions<EdgeLinkOptions> link, IOptions<CoreStoreOptions> storeOptions, ILogger<EdgeRegistrations> logger)
{
    private const int MostReasonCharacters = 32;

    private static readonly TimeSpan LongestSession = TimeSpan.FromDays(365);
    private static readonly SessionEnd ByClient = new(ByClient: true, "unregistered");

    private readonly EdgeLinkOptions _options = link.Value;
    private readonly string _domain = storeOptions.Value.Domain.ToLowerInvariant();

    /// <summary>Verifies the digest, binds the flow, drains.</summary>
    public async Task<CoreEvent> RegisterAsync(EdgeStream stream, Register register)
    {
        Registered answer = new() { Request = register.Request };
        FlowId flow = new(stream.EdgeId, stream.Epoch, register.Flow);
        AccountVerifiers? verifiers = null;
        if (AccountAddress.TryCreate(register.User, register.Domain, out AccountAddress account) && account.Domain == _domain)
            (answer.Outcome, verifiers) = await ProveAsync(register, account, flow, answer).ConfigureAwait(false);
        else
            answer.Outcome = RegisterOutcome.BadCredentials;

        if (answer.Outcome != RegisterOutcome.Bound)
        {
            CoreLog.RegistrationRefused(logger, stream.EdgeId, answer.Outcome);
        }
        else if (register.ExpiresSeconds == 0)
        {
            await store.UnregisterAsync(account, flow, ByClient).ConfigureAwait(false);
        }
        else
        {
            MailboxPage? page = await store.RegisterAsync(account, Bind(flow, register.Device, register.ExpiresSeconds), after: 0, forgetTries: true, SessionOf(register)).ConfigureAwait(false);
            // What a new password or a deletion finds bound it ends; what was bound behind it, on an older word, ends here.
            if (page is not null && (await accounts.GetAsync(account).ConfigureAwait(false))?.CredentialVersion == verifiers!.CredentialVersion)
            {
                answer.Page = mapping.ToPage(flow, account, page);
                (answer.Ticket, answer.TicketExpireTimeMs) = tickets.Issue(account, verifiers.CredentialVersion, flow);
            }
            else
            {
                if (page is not null) await store.UnregisterAsync(account, flow, new SessionEnd(ByClient: false, "revoked")).ConfigureAwait(false);
                answer.Outcome = RegisterOutcome.BadCredentials;
            }
        }

        return new CoreEvent { Registered = answer };
    }

    /// <summary>Renews a binding that the edge has already answered, or that stands in its snapshot after a cut.</summary>
    public async Task<CoreEvent> RefreshAsync(EdgeStream stream, Refresh refresh)
    {
        Refreshed answer = new() { Flow = refresh.Flow, User = refresh.User, Outcome = RegisterOutcome.BadTicket };
        FlowId flow = new(stream.EdgeId, stream.Epoch, refresh.Flow);
        if (await TicketHolderAsync(EdgeEvent.EventOneofCase.Refresh, refresh.User, refresh.Ticket, flow).ConfigureAwait(false) is { } account)
        {
            answer.Outcome = RegisterOutcome.Bound;
            if (refresh.ExpiresSeconds == 0)
            {
                await store.UnregisterAsync(account, flow, ByClient).ConfigureAwait(false);
            }
            else
            {
                MailboxPage? page = await store.RegisterAsync(account, Bind(flow, refresh.Device, refresh.ExpiresSeconds), refresh.After, refresh.ByClient).ConfigureAwait(false);
                if (page is null) answer.Outcome = RegisterOutcome.BadTicket;   // deleted a moment ago
                else if (await IsOfNowAsync(refresh.Ticket, account, flow).ConfigureAwait(false)) answer.Page = mapping.ToPage(flow, account, page);
                else answer.Outcome = await TakeBackAsync(account, flow).ConfigureAwait(false);
            }
        }

        return new CoreEvent { Refreshed = answer };
    }

    /// <summary>What is remembered of an account may be 5 s old: a new password has ended what was bound then, and would not end what is bound behind it.</summary>
    private async ValueTask<bool> IsOfNowAsync(ByteString ticket, AccountAddress account, FlowId flow) =>
        tickets.TryVerify(ticket.Span, account, flow, out int version) && (await accounts.GetAsync(account).ConfigureAwait(false))?.CredentialVersion == version;

    private async Task<RegisterOutcome> TakeBackAsync(AccountAddress account, FlowId flow)
    {
        await store.UnregisterAsync(account, flow, new SessionEnd(ByClient: false, "revoked")).ConfigureAwait(false);
        return RegisterOutcome.BadTicket;
    }

    /// <summary>Ends a binding; needs no ticket, since an edge can only end flows of its own.</summary>
    public async Task<CoreEvent> UnregisterAsync(EdgeStream stream, Unregister unregister)
    {
        if (AccountAddress.TryCreate(unregister.User, _domain, out AccountAddress account))
            await store.UnregisterAsync(account, new FlowId(stream.EdgeId, stream.Epoch, unregister.Flow), new SessionEnd(unregister.ByClient, ReasonOf(unregister))).ConfigureAwait(false);
        else
            metrics.EventMalformed();
        return new CoreEvent { Reported = new Reported { Number = unregister.Number } };
    }

    /// <summary>The next page; an empty one without a valid ticket, so that the edge does not ask again.</summary>
    public async Task<CoreEvent> ReadPageAsync(EdgeStream stream, PageRequest request)
    {
        FlowId flow = new(stream.EdgeId, stream.Epoch, request.Flow);
        if (await TicketHolderAsync(EdgeEvent.EventOneofCase.PageRequest, request.User, request.Ticket, flow).ConfigureAwait(false) is not { } account)
            return new CoreEvent { Page = new Page { Flow = request.Flow, User = request.User, After = request.After, Upto = request.After } };
        return new CoreEvent { Page = mapping.ToPage(flow, account, await store.ReadPageAsync(account, flow, request.After).ConfigureAwait(false)) };
    }

    /// <summary>The account whose ticket this is, if its credentials are still those of the registration; else null, and counted.</summary>
    /// <param name="kind">What the ticket is shown for.</param>
    /// <param name="user">The account it is said to be of.</param>
    /// <param name="ticket">The ticket.</param>
    /// <param name="flow">Where it is shown.</param>
    public async ValueTask<AccountAddress?> TicketHolderAsync(EdgeEvent.EventOneofCase kind, string user, ByteString ticket, FlowId flow)
    {
        if (AccountAddress.TryCreate(user, _domain, out AccountAddress account) && tickets.TryVerify(ticket.Span, account, flow, out int version)
            && await accounts.FindVerifiersAsync(account).ConfigureAwait(false) is { } verifiers && verifiers.CredentialVersion == version)
            return account;
        metrics.LinkRefused(kind, LinkRefusal.Ticket);
        CoreLog.TicketRefused(logger, flow.EdgeId, kind);
        return null;
    }

    private async ValueTask<(RegisterOutcome Outcome, AccountVerifiers? Verifiers)> ProveAsync(Register register, AccountAddress account, FlowId flow, Registered answer)
    {
        IPAddress? address = register.ClientAddress.Length is 4 or 16 ? new IPAddress(register.ClientAddress.Span) : null;
        if (IsLocked(account, address, answer)) return (RegisterOutcome.TooManyFailures, null);
        DigestResponse? proof = null;
        AccountVerifiers? verifiers = await accounts.ProveAsync(
            account, theirs => (proof = DigestVerifier.FirstValid(register.Digests, account, "REGISTER", theirs, _options.OfferMd5)) is not null).ConfigureAwait(false);
        if (IsLocked(account, address, answer)) return (RegisterOutcome.TooManyFailures, null);   // by guesses sent at the same time
        if (proof is null || verifiers is null)
        {
            budget.Failed(account, address);
            return (RegisterOutcome.BadCredentials, null);
        }

        if (!nonces.IsFresh(proof.Nonce, flow.EdgeId, flow.Flow)) return (RegisterOutcome.StaleNonce, null);
        if (address is not null) budget.Succeeded(account, address);
        return (RegisterOutcome.Bound, verifiers);
    }

    private bool IsLocked(AccountAddress account, IPAddress? address, Registered answer)
    {
        if (budget.Wait(account, address) is not { } wait) return false;
        answer.RetryAfterSeconds = (uint)Math.Max(1, Math.Ceiling(wait.TotalSeconds));
        return true;
    }

    private ClientSession SessionOf(Register register)
    {
        Edge.Link.V1.ClientSession said = register.Client ?? new Edge.Link.V1.ClientSession();
        TimeSpan connected = TimeSpan.FromMilliseconds(Math.Min(said.ConnectedMs, LongestSession.TotalMilliseconds));
        return new ClientSession(Printable(said.Address), Printable(said.UserAgent), Printable(said.TlsVersion), Printable(said.CipherSuite), time.GetUtcNow() - connected);
    }

    /// <summary>What is shown to operators holds no control characters, whatever an edge says.</summary>
    private static string Printable(string text) => text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? string.Concat(text.Select(static c => c is >= ' ' and <= '~' ? c : '?')) : text;

    private static string ReasonOf(Unregister unregister) =>
        unregister.Reason.Length <= MostReasonCharacters && unregister.Reason.All(static c => c is (>= 'a' and <= 'z') or '_') ? unregister.Reason : string.Empty;

    private Binding Bind(FlowId flow, string device, uint expiresSeconds) =>
        new(flow, device, time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(expiresSeconds, _options.MaxExpires.TotalSeconds)));
}
