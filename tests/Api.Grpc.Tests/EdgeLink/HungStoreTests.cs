using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Google.Protobuf;
using StackExchange.Redis;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Redis takes commands and answers none: told as unavailable in time all the same (promise P6), and nothing is lost when it goes on.</summary>
public sealed class HungStoreTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    [Fact]
    [Spec("P6", "E.unavailable")]
    public async Task EveryWayIn_RedisHangs_UnavailableWithin5Seconds()
    {
        using HttpClient https = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        await using TestLink link = await TestLink.ConnectAsync(fixture.Core);
        Registered sender = await link.RegisterAsync("alice", 1);
        Submitted first = await link.SubmitAsync("alice", 1, sender.Ticket, "key 0", "bob", ByteString.CopyFromUtf8("hi"));
        Assert.Equal(Refusal.Unspecified, first.Refusal);
        await using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync($"{fixture.Redis.Endpoint},allowAdmin=true");
        await redis.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "8000", "ALL");

        long began = Stopwatch.GetTimestamp();
        string id = Guid.NewGuid().ToString();
        Task<HttpResponseMessage> posting = https.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = "bob", text = "hi" });
        Task<Submitted> submitting = link.SubmitAsync("alice", 1, sender.Ticket, "key 1", "bob", ByteString.CopyFromUtf8("hi"));
        using HttpResponseMessage post = await posting;
        Submitted submitted = await submitting;
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, post.StatusCode);
        Assert.NotNull(post.Headers.RetryAfter);
        Assert.Equal((Refusal.Unavailable, 5u), (submitted.Refusal, submitted.RetryAfterSeconds));

        HttpStatusCode again;
        do
        {
            using HttpResponseMessage repeated = await https.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = "bob", text = "hi" });
            again = repeated.StatusCode;
        }
        while (again == HttpStatusCode.ServiceUnavailable && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60));

        Assert.Equal(HttpStatusCode.OK, again);
    }
}
