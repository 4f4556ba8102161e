using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Api.Grpc.Tests.Support;
using Core.Store;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Admin.V1;
using Edge.Link.V1;
using Edge.Messages.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>An edge that has been taken over: its certificate is good, what it says is not. It gets nothing of accounts that did not register at it, and each try is counted.</summary>
[Spec("S11")]
public sealed class RogueEdgeTests(RedisCore fixture) : IClassFixture<RedisCore>, IAsyncLifetime
{
    private const int Users = 1_000;
    private const int Batch = 100;   // events: well below the 64 KiB of a link message

    private static int _names;

    private TestLink _home = null!;    // where the victim is registered
    private TestLink _rogue = null!;
    private string _victim = null!;
    private string _mallory = null!;   // an account of its own that the rogue edge has
    private CountedEvents _counted = null!;

    public async ValueTask InitializeAsync()
    {
        int n = Interlocked.Increment(ref _names);
        (_victim, _mallory) = ($"victim-{n}", $"mallory-{n}");
        await fixture.AddAccountsAsync(_victim, _mallory);
        _home = await TestLink.ConnectAsync(fixture.Core, $"home-{n}");
        _rogue = await TestLink.ConnectAsync(fixture.Core, $"rogue-{n}");
        _counted = new CountedEvents(fixture.Core);
    }

    public async ValueTask DisposeAsync()
    {
        _counted.Dispose();
        await _home.DisposeAsync();
        await _rogue.DisposeAsync();
    }

    /// <summary>The snapshot after a cut is how an edge claims many bindings at once.</summary>
    [Fact]
    public async Task Refresh_SnapshotOfAThousandUsersOfAnotherEdge_AllBadTicketAndNothingBound()
    {
        string[] users = [.. Enumerable.Range(0, Users).Select(i => $"{_victim}-{i}")];
        await Task.WhenAll(users.Chunk(Batch).Select(fixture.AddAccountsAsync));
        await Task.WhenAll(users.Select((user, i) => AcceptAsync($"sender-{i % 20}", user)));   // each has something to lose
        foreach ((int Index, string User)[] some in users.Index().Chunk(Batch))
            await _home.SendAsync([.. some.Select(one => new EdgeEvent { Register = _home.Register(one.User, (ulong)one.Index) })]);
        ByteString[] tickets = new ByteString[Users];
        for (int i = 0; i < Users; i++)
        {
            Registered registered = (await _home.NextAsync(CoreEvent.EventOneofCase.Registered)).Registered;
            tickets[registered.Request - 1] = registered.Ticket;
            Assert.Single(registered.Page.Deliveries);
        }

        ByteString own = (await _rogue.RegisterAsync(_mallory, 1)).Ticket;
        Dictionary<string, string> before = await fixture.BindingsAsync();
        (string What, Func<int, Refresh> Make)[] snapshots =
        [
            ("no ticket", i => Refresh(users[i], (ulong)i, ByteString.Empty)),
            ("a random one", i => Refresh(users[i], (ulong)i, ByteString.CopyFrom(RandomNumberGenerator.GetBytes(own.Length)))),
            ("the user's own of another edge", i => Refresh(users[i], (ulong)i, tickets[i])),
            ("of another edge and flow", i => Refresh(users[i], (ulong)i + Users, tickets[i])),
            ("of another account", i => Refresh(users[i], 1, own)),
            ("of another flow", i => Refresh(_mallory, (ulong)i + 2, own)),
        ];
        foreach ((string what, Func<int, Refresh> make) in snapshots)
        {
            foreach (int[] some in Enumerable.Range(0, Users).Chunk(Batch)) await _rogue.SendAsync([.. some.Select(i => new EdgeEvent { Refresh = make(i) })]);
            for (int i = 0; i < Users; i++)
            {
                Refreshed answer = (await _rogue.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed;
                Assert.True(answer.Outcome == RegisterOutcome.BadTicket, $"{what}: {answer.Outcome}");
                Assert.Null(answer.Page);
            }
        }

        Assert.Equal(before, await fixture.BindingsAsync());
        Assert.Equal(snapshots.Length * Users, _counted.Of("edge.link.refused", "Refresh bad_ticket"));

        await _home.SendAsync(new EdgeEvent { Refresh = Refresh(users[7], 7, tickets[7]) });   // the same words from where they are true
        Refreshed right = (await _home.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed;
        Assert.Equal((RegisterOutcome.Bound, 1), (right.Outcome, right.Page.Deliveries.Count));
    }

    [Theory]
    [InlineData("another edge")]
    [InlineData("another flow")]
    [InlineData("old")]
    public async Task Register_DigestReplayed_StaleNonceAndNothingBound(string captured)
    {
        TestLink where = captured == "another edge" ? _home : _rogue;
        DateTimeOffset made = DateTimeOffset.UtcNow - (captured == "old" ? TimeSpan.FromSeconds(301) : TimeSpan.Zero);
        DigestResponse digest = where.Digest(_victim, RedisCore.PasswordOf(_victim), where.Nonce(1, made));
        if (captured != "old") Assert.Equal(RegisterOutcome.Bound, (await where.RegisterAsync(_victim, 1, change: register => Use(register, digest))).Outcome);
        Dictionary<string, string> before = await fixture.BindingsAsync();

        Registered answer = await _rogue.RegisterAsync(_victim, captured == "another flow" ? 2ul : 1, change: register => Use(register, digest));

        Assert.Equal((RegisterOutcome.StaleNonce, 0), (answer.Outcome, answer.Ticket.Length));
        Assert.Null(answer.Page);
        Assert.Equal(before, await fixture.BindingsAsync());
        Assert.Equal(1, _counted.Of("edge.registrations", "stale_nonce"));
    }

    [Fact]
    public async Task Register_OwnDigestForAnotherUser_BadCredentialsAndCounted()
    {
        DigestResponse digest = _rogue.Digest(_mallory, RedisCore.PasswordOf(_mallory), _rogue.Nonce(1, DateTimeOffset.UtcNow));
        Assert.Equal(RegisterOutcome.BadCredentials, (await _rogue.RegisterAsync(_victim, 1, change: register => Use(register, digest))).Outcome);
        Assert.Equal(1, _counted.Of("edge.registrations", "bad_credentials"));
    }

    [Theory]
    [InlineData("no ticket")]
    [InlineData("a random one")]
    [InlineData("of another account")]
    [InlineData("of another flow")]
    [InlineData("of another edge")]
    public async Task Submit_AsAnotherUser_RefusedAndNothingStored(string kind)
    {
        ByteString own = (await _rogue.RegisterAsync(_mallory, 1)).Ticket;
        ByteString theirs = (await _home.RegisterAsync(_victim, 1)).Ticket;
        int before = await fixture.StoredAsync();
        (string user, ulong flow, ByteString ticket) = kind switch
        {
            "no ticket" => (_victim, 1ul, ByteString.Empty),
            "a random one" => (_victim, 1ul, ByteString.CopyFrom(RandomNumberGenerator.GetBytes(own.Length))),
            "of another account" => (_victim, 1ul, own),
            "of another flow" => (_mallory, 2ul, own),
            _ => (_victim, 1ul, theirs),
        };

        Submitted answer = await _rogue.SubmitAsync(user, flow, ticket, "call\0tag\01", "bob", ByteString.CopyFromUtf8("not mine"));

        Assert.Equal((Refusal.NotRegistered, string.Empty), (answer.Refusal, answer.MessageId));
        Assert.Equal(before, await fixture.StoredAsync());
        Assert.Equal((1, 1), (_counted.Of("edge.link.refused", "Submit bad_ticket"), _counted.Of("edge.messages.refused", "sip NOT_REGISTERED")));
        Assert.Equal(0, _counted.Of("edge.messages.accepted"));
    }

    public static MatrixTheoryData<string, DeliveryOutcome> FalseReports => new(
        ["no token", "a random one", "of another message", "of another flow", "of another edge", "with another time"],
        [DeliveryOutcome.AcceptedByDevice, DeliveryOutcome.RefusedByDevice, DeliveryOutcome.Failed, DeliveryOutcome.ExpiredAtEdge]);

    [Theory, MemberData(nameof(FalseReports))]
    public async Task Report_WithoutTheDeliverysToken_NoMessageRemovedAndNoTryCounted(string token, DeliveryOutcome outcome)
    {
        await _home.RegisterAsync(_victim, 1);
        await _rogue.RegisterAsync(_mallory, 1);
        await AcceptAsync(_mallory, _victim);
        await AcceptAsync(_victim, _mallory);
        await AcceptAsync(_victim, _mallory);
        Delivery theirs = (await _home.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        Delivery first = (await _rogue.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        Delivery second = (await _rogue.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery;
        DeliveryReport report = TestLink.Report(token is "of another message" or "of another flow" or "with another time" ? second : theirs, outcome);
        if (token == "no token") report.Token = ByteString.Empty;
        if (token == "a random one") report.Token = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(report.Token.Length));
        if (token == "of another message") report.Token = first.Token;
        if (token == "of another flow") report.Flow = 2;
        if (token == "with another time") report.Token = ByteString.CopyFrom([.. second.Token.Span[..^1], (byte)(second.Token[^1] ^ 1)]);

        await _rogue.SendAsync(new EdgeEvent { DeliveryReport = report });

        Assert.False((await _rogue.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported.Retry);   // it may forget it
        Assert.Equal(1, _counted.Of("edge.link.reports.ignored"));
        Assert.Equal((0, 0), (_counted.Of("edge.messages.ended"), _counted.Of("edge.delivery.failed_tries")));
        Assert.Equal(theirs.MessageId, Assert.Single((await _home.RegisterAsync(_victim, 1)).Page.Deliveries).MessageId);
        Assert.Equal([first.MessageId, second.MessageId], (await _rogue.RegisterAsync(_mallory, 1)).Page.Deliveries.Select(delivery => delivery.MessageId));
    }

    [Fact]
    public async Task PageRequest_WithoutTheTicket_EmptyPages()
    {
        await AcceptAsync(_mallory, _victim);
        ByteString theirs = (await _home.RegisterAsync(_victim, 1)).Ticket;
        ByteString own = (await _rogue.RegisterAsync(_mallory, 1)).Ticket;
        ByteString[] tickets = [ByteString.Empty, ByteString.CopyFrom(RandomNumberGenerator.GetBytes(own.Length)), own, theirs];
        foreach (ByteString ticket in tickets)
        {
            await _rogue.SendAsync(new EdgeEvent { PageRequest = new PageRequest { Flow = 1, User = _victim, Ticket = ticket } });
            Page page = (await _rogue.NextAsync(CoreEvent.EventOneofCase.Page)).Page;
            Assert.Equal((0, false, 0L, false), (page.Deliveries.Count, page.More, page.Upto, page.Failed));
        }

        Assert.Equal(tickets.Length, _counted.Of("edge.link.refused", "PageRequest bad_ticket"));
        await _home.SendAsync(new EdgeEvent { PageRequest = new PageRequest { Flow = 1, User = _victim, Ticket = theirs } });
        Assert.Single((await _home.NextAsync(CoreEvent.EventOneofCase.Page)).Page.Deliveries);
    }

    [Fact]
    public async Task Unregister_FlowOfAnotherEdge_ItsBindingStays()
    {
        await _home.RegisterAsync(_victim, 1);
        Dictionary<string, string> before = await fixture.BindingsAsync();

        await _rogue.SendAsync(new EdgeEvent { Unregister = new Unregister { Flow = 1, User = _victim, Number = 9 } });

        Assert.Equal(9ul, (await _rogue.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported.Number);
        Assert.Equal(before, await fixture.BindingsAsync());
        Assert.Equal(1, _counted.Of("edge.bindings.ends.ignored"));
        await AcceptAsync(_mallory, _victim);
        Assert.Equal(1ul, (await _home.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery.Flow);
    }

    /// <summary>The link's port serves the link alone, even to who shows an edge's certificate and an account's password.</summary>
    [Fact]
    public async Task Call_OtherServicesAtTheLinkDoor_RefusedAndCounted()
    {
        using X509Certificate2 certificate = fixture.Certificates.Client($"CN={_rogue.EdgeId}, OU=edge");
        foreach (string authorization in new[] { TestCore.Basic(_mallory, RedisCore.PasswordOf(_mallory)).ToString(), TestCore.Bearer().ToString() })
        {
            using GrpcCalls calls = new(fixture.Core.LinkChannel(certificate), authorization);
            foreach (Task call in (Task[])[
                calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", new() { MessageId = $"{Guid.NewGuid()}", Recipient = "bob", Text = "x" }),
                calls.CallAsync<GetLimitsRequest, GetLimitsResponse>(GrpcCalls.Messages, "GetLimits", new()),
                calls.CallAsync<ListAccountsRequest, ListAccountsResponse>(GrpcCalls.Accounts, "ListAccounts", new()),
                calls.CallAsync<DeleteAccountRequest, DeleteAccountResponse>(GrpcCalls.Accounts, "DeleteAccount", new() { User = _victim }),
            ])
                Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        }

        Assert.Equal(8, _counted.Of("edge.messages.refused", "grpc UNKNOWN_ROUTE"));
        Assert.Equal(RegisterOutcome.Bound, (await _home.RegisterAsync(_victim, 1)).Outcome);   // not deleted
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connect_AtTheApiAndAdminDoors_RefusedAndCounted(bool admin)
    {
        using X509Certificate2 certificate = fixture.Certificates.Client($"CN={_rogue.EdgeId}, OU=edge");
        await using TestLink link = TestLink.Open(fixture.Core.LinkChannel(certificate, admin ? fixture.Core.Admin : fixture.Core.Api), _rogue.EdgeId);
        await link.TrySendAsync(link.Hello());
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => link.Ended)).StatusCode);
        Assert.Equal(1, _counted.Of("edge.messages.refused", admin ? "admin UNKNOWN_ROUTE" : "grpc UNKNOWN_ROUTE"));
    }

    [Fact]
    public async Task Hello_AsAnotherEdge_RefusedAndItsLinkStays()
    {
        using X509Certificate2 certificate = fixture.Certificates.Client($"CN={_rogue.EdgeId}, OU=edge");
        await using TestLink link = TestLink.Open(fixture.Core.LinkChannel(certificate), _home.EdgeId);
        await link.TrySendAsync(link.Hello());
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => link.Ended)).StatusCode);
        Assert.Equal(1, _counted.Of("edge.link.refused", "Hello edge_id"));
        Assert.Equal(RegisterOutcome.Bound, (await _home.RegisterAsync(_victim, 1)).Outcome);
    }

    /// <summary>Straight into the store: what waits is the test, not how it came.</summary>
    private async Task AcceptAsync(string sender, string recipient)
    {
        Acceptance acceptance = await fixture.Core.Services.GetRequiredService<IMessageStore>().AcceptAsync(
            new NewMessage(RedisCore.Address(sender), Guid.NewGuid(), RedisCore.Address(recipient), "secret"u8.ToArray()));
        Assert.Equal(AcceptOutcome.Accepted, acceptance.Outcome);
        if (acceptance.Push is { } push) fixture.Core.Services.GetRequiredService<IDeliveryPort>().Push(push);
    }

    private static void Use(Register register, DigestResponse digest)
    {
        register.Digests.Clear();
        register.Digests.Add(digest);
    }

    private static Refresh Refresh(string user, ulong flow, ByteString ticket) => new() { Flow = flow, User = user, Ticket = ticket, ExpiresSeconds = 600, Device = $"device of {user}" };
}
