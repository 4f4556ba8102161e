using Core.Store.Accounts;
using Microsoft.AspNetCore.Http.Features;

namespace Api.Grpc.Authentication;

/// <summary>The account that a request of the client API proved to be (spec S11).</summary>
internal sealed record CallerFeature(AccountAddress Account)
{
    public static AccountAddress Of(HttpContext context) => context.Features.GetRequiredFeature<CallerFeature>().Account;
}
