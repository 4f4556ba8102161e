using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Api.Grpc.Tests.Support;
using Edge.Link.V1;
using Edge.Messages.V1;
using Google.Protobuf;
using Grpc.Core;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Redis is killed: 503 with Retry-After within 5 s on every way in (promise P6), reports kept, and all is well again when it is back.</summary>
public sealed class OutageTests(RedisCore fixture) : IClassFixture<RedisCore>
{
    [Fact]
    [Spec("E.unavailable", "P6")]
    public async Task EveryWayIn_RedisDown_UnavailableWithin5SecondsThenWorksAgain()
    {
        AuthenticationHeaderValue alice = TestCore.Basic("alice", RedisCore.PasswordOf("alice"));
        using HttpClient https = fixture.Core.Client(fixture.Core.Api, alice);
        using HttpClient probe = new() { BaseAddress = fixture.Core.Metrics };
        using GrpcCalls calls = fixture.Core.Calls(fixture.Core.Api, alice);
        await using TestLink link = await TestLink.ConnectAsync(fixture.Core);
        Registered sender = await link.RegisterAsync("alice", 1);
        await link.RegisterAsync("bob", 2);
        string known = Guid.NewGuid().ToString();
        (await https.PostAsJsonAsync("/v1/messages", new { messageId = known, recipient = "bob", text = "hi" })).EnsureSuccessStatusCode();
        Delivery delivery = (await link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        Assert.Equal(HttpStatusCode.OK, (await probe.GetAsync("/readyz")).StatusCode);

        await fixture.Redis.KillAsync();
        string id = Guid.NewGuid().ToString();
        long began = Stopwatch.GetTimestamp();
        Task<HttpResponseMessage> posting = https.PostAsJsonAsync("/v1/messages", new { messageId = id, recipient = "bob", text = "hi" });
        Task<RpcException> calling = Assert.ThrowsAsync<RpcException>(() => calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", new() { MessageId = id, Recipient = "bob", Text = "hi" }));
        await link.SendAsync(
            new EdgeEvent { Submit = link.Submit("alice", 1, sender.Ticket, "key", "bob", ByteString.CopyFromUtf8("hi")) },
            new EdgeEvent { Register = link.Register("carol", 3) },
            new EdgeEvent { Refresh = new Refresh { Flow = 1, User = "alice", Ticket = sender.Ticket, ExpiresSeconds = 600, Device = "d" } },
            new EdgeEvent { PageRequest = new PageRequest { Flow = 1, User = "alice", Ticket = sender.Ticket, After = 9 } },
            new EdgeEvent { Unregister = new Unregister { Flow = 9, User = "alice", Number = 1 } },
            new EdgeEvent { DeliveryReport = TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice) });

        using HttpResponseMessage post = await posting;
        SeenRefusal json = await SeenRefusal.FromJsonAsync(post);
        SeenRefusal rpc = SeenRefusal.FromGrpc(await calling);
        Submitted submitted = (await link.NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted;
        Registered registered = (await link.NextAsync(CoreEvent.EventOneofCase.Registered)).Registered;
        Refreshed refreshed = (await link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed;
        Page page = (await link.NextAsync(CoreEvent.EventOneofCase.Page)).Page;
        Reported[] reported = [(await link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported, (await link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported];
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, post.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), post.Headers.RetryAfter?.Delta);
        Assert.Equal(((int)StatusCode.Unavailable, "STORE_UNAVAILABLE", "5s"), (json.Code, json.Reason, json.RetryDelay));
        Assert.Equal(json, rpc);
        Assert.Equal((Refusal.Unavailable, 5u), (submitted.Refusal, submitted.RetryAfterSeconds));
        Assert.Equal((RegisterOutcome.StoreUnavailable, 5u), (registered.Outcome, registered.RetryAfterSeconds));
        Assert.Equal(RegisterOutcome.StoreUnavailable, refreshed.Outcome);
        Assert.Equal((true, 9L, 9L), (page.Failed, page.After, page.Upto));
        Assert.Equal([0ul, 1ul], reported.Select(r => r.Number).Order());
        Assert.All(reported, r => Assert.True(r.Retry));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await probe.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await probe.GetAsync("/livez")).StatusCode);

        await fixture.Redis.StartAgainAsync();
        Reported written;
        do
        {
            await link.SendAsync(new EdgeEvent { DeliveryReport = TestLink.Report(delivery, DeliveryOutcome.AcceptedByDevice) });
            written = (await link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported;
        }
        while (written.Retry && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60));

        Assert.False(written.Retry);
        string body = await https.GetStringAsync($"/v1/messages/{known}");
        Assert.Contains("\"DELIVERED\"", body, StringComparison.Ordinal);
    }
}
