using System.Globalization;
using Api.Grpc.Hosting;
using Core.Store;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Api.Grpc.Translation;

/// <summary>The headers that go with a refusal over HTTP: <c>WWW-Authenticate</c> (RFC 9110 §11.6.1) and <c>Retry-After</c> (§10.2.3).</summary>
internal sealed class RefusalHeaders(IOptions<CoreStoreOptions> store)
{
    private readonly string _basic = $"Basic realm=\"{store.Value.Domain}\", charset=\"UTF-8\"";   // RFC 7617 §2.1

    /// <summary>Sets them; gRPC clients find the same in RetryInfo.</summary>
    public void Set(HttpContext context, Refused refused)
    {
        if (refused.Reason == Reason.BadCredentials)
            context.Response.Headers[HeaderNames.WWWAuthenticate] = ListenerFeature.Of(context) == Listener.Admin ? "Bearer realm=\"edge-admin\"" : _basic;
        if (refused.RetryAfterSeconds > 0)
            context.Response.Headers[HeaderNames.RetryAfter] = refused.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
    }
}
