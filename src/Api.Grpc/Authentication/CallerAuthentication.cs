using System.Net;
using Api.Grpc.Hosting;
using Api.Grpc.Translation;
using Core.Store;
using Core.Store.Accounts;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Api.Grpc.Authentication;

/// <summary>Decides who calls before anything of the request's body is read: Basic at the client API, the bearer token at the admin API.</summary>
internal sealed class CallerAuthentication(
    RequestDelegate next, IAccountStore accounts, AdminToken admin, FailureBudget budget, RefusalWriter refusals, IOptions<CoreStoreOptions> store)
{
    private readonly string _domain = store.Value.Domain.ToLowerInvariant();

    public async Task InvokeAsync(HttpContext context)
    {
        Refused? refused = ListenerFeature.Of(context) switch
        {
            Listener.Api => await CheckBasicAsync(context).ConfigureAwait(false),
            Listener.Admin => CheckBearer(context),
            _ => null,   // the link by TLS, metrics by their address
        };
        if (refused is null) await next(context).ConfigureAwait(false);
        else await refusals.WriteAsync(context, refused).ConfigureAwait(false);
    }

    private async ValueTask<Refused?> CheckBasicAsync(HttpContext context)
    {
        IPAddress address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (!BasicCredentials.TryParse(Header(context), _domain, out BasicCredentials credentials)) return Refused.Credentials;
        if (budget.Wait(credentials.Account, address) is { } wait) return TooMany(wait);

        AccountVerifiers? verifiers;
        try
        {
            verifiers = credentials.Account.Domain == _domain
                ? await accounts.ProveAsync(credentials.Account, theirs => theirs.Matches(credentials.Account, credentials.Password)).ConfigureAwait(false)
                : null;
        }
        catch (StoreUnavailableException)
        {
            return Refused.Store;
        }

        if (budget.Wait(credentials.Account, address) is { } meanwhile) return TooMany(meanwhile);
        if (verifiers is null)
        {
            budget.Failed(credentials.Account, address);
            return Refused.Credentials;
        }

        budget.Succeeded(credentials.Account, address);
        context.Features.Set(new CallerFeature(credentials.Account, verifiers.CredentialVersion));
        return null;
    }

    private Refused? CheckBearer(HttpContext context)
    {
        IPAddress address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        string? header = Header(context);
        if (admin.Matches(header)) return null;   // first: others' failures from this address must not lock operators out
        if (budget.Wait(address) is { } wait) return TooMany(wait);
        if (header is not null) budget.Failed(address);
        return Refused.Credentials;
    }

    /// <summary>The one header; several are none.</summary>
    private static string? Header(HttpContext context) =>
        context.Request.Headers.TryGetValue(HeaderNames.Authorization, out var values) && values.Count == 1 ? values[0] : null;

    private static Refused TooMany(TimeSpan wait) => new(Reason.TooManyFailures, "Too many failed logins; wait, then try once more.", RetryAfter: wait);
}
