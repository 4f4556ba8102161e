using Core.Store.Accounts;
using Microsoft.AspNetCore.Http.Features;

namespace Api.Grpc.Authentication;

/// <summary>The account that a request of the client API proved to be (spec S11), and of which version its credentials were.</summary>
internal sealed record CallerFeature(AccountAddress Account, int CredentialVersion)
{
    public static CallerFeature Of(HttpContext context) => context.Features.GetRequiredFeature<CallerFeature>();
}
