using Api.Grpc.Tests.Support;
using Core.Store;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Edge.Link.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Registrations over the link: digest, nonce, ticket (design, "Keys and trust").</summary>
public sealed class RegistrationTests(RedisCore fixture) : IClassFixture<RedisCore>, IAsyncLifetime
{
    private TestLink _link = null!;

    public async ValueTask InitializeAsync() => _link = await TestLink.ConnectAsync(fixture.Core);

    public async ValueTask DisposeAsync() => await _link.DisposeAsync();

    [Fact]
    [Spec("N.registration")]
    public async Task Register_RightDigest_BoundWithTicketAndEmptyPage()
    {
        Registered answer = await _link.RegisterAsync("alice", flow: 1);
        Assert.Equal(RegisterOutcome.Bound, answer.Outcome);
        Assert.NotEmpty(answer.Ticket);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(answer.TicketExpireTimeMs) - DateTimeOffset.UtcNow, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
        Assert.Equal((1ul, "alice", 0L, false), (answer.Page.Flow, answer.Page.User, answer.Page.After, answer.Page.More));
    }

    [Fact]
    [Spec("R.digest")]
    public async Task Register_Md5AndAnotherHeaderThatFails_Bound()
    {
        Registered answer = await _link.RegisterAsync("alice", 2, change: r =>
        {
            DigestResponse right = _link.Digest("alice", RedisCore.PasswordOf("alice"), _link.Nonce(2, DateTimeOffset.UtcNow), DigestAlgorithm.Md5);
            r.Digests[0].Response = new string('0', 64);
            r.Digests.Add(right);
        });
        Assert.Equal(RegisterOutcome.Bound, answer.Outcome);
    }

    [Fact]
    [Spec("R.digest")]
    public async Task Register_Md5SwitchedOff_BadCredentials()
    {
        await using TestCore strict = await TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, "Link:OfferMd5=false", "CoreStore:CoreId=strict");
        await using TestLink link = await TestLink.ConnectAsync(strict, "edge-strict");
        Assert.False(link.Welcome.OfferMd5);
        Registered answer = await link.RegisterAsync("bob", 2, change: r =>
            r.Digests[0] = link.Digest("bob", RedisCore.PasswordOf("bob"), link.Nonce(2, DateTimeOffset.UtcNow), DigestAlgorithm.Md5));
        Assert.Equal(RegisterOutcome.BadCredentials, answer.Outcome);
    }

    public static TheoryData<string> WrongDigests => ["password", "user", "username", "realm", "response", "uri", "qop", "nc", "cnonce", "algorithm", "none"];

    [Theory, MemberData(nameof(WrongDigests))]
    [Spec("S11", "E.credentials")]
    public async Task Register_WrongDigest_BadCredentialsAndNoTicket(string wrong)
    {
        await fixture.AddAccountsAsync($"dave-{wrong}");
        string user = wrong == "user" ? "nobody-here" : $"dave-{wrong}";
        Registered answer = await _link.RegisterAsync(user, 3, wrong == "password" ? "wrong" : null, r =>
        {
            DigestResponse digest = r.Digests[0];
            if (wrong == "username") digest.Username = "alice";
            if (wrong == "realm") digest.Realm = "elsewhere.test";
            if (wrong == "response") digest.Response = digest.Response[..^1] + "x";
            if (wrong == "uri") digest.Uri = "sip:elsewhere.test";
            if (wrong == "qop") digest.QopAuth = false;
            if (wrong == "nc") digest.Nc = "00000002";
            if (wrong == "cnonce") digest.Cnonce = string.Empty;
            if (wrong == "algorithm") digest.Algorithm = DigestAlgorithm.Md5;
            if (wrong == "none") r.Digests.Clear();
        });
        Assert.Equal(RegisterOutcome.BadCredentials, answer.Outcome);
        Assert.Empty(answer.Ticket);
        Assert.Null(answer.Page);
    }

    [Theory]
    [InlineData("old")]
    [InlineData("future")]
    [InlineData("other flow")]
    [InlineData("other edge")]
    [InlineData("made up")]
    public async Task Register_NonceNotFresh_StaleNonce(string why)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string nonce = why switch
        {
            "old" => _link.Nonce(4, now.AddSeconds(-301)),
            "future" => _link.Nonce(4, now.AddSeconds(60)),
            "other flow" => _link.Nonce(5, now),
            "other edge" => _link.Nonce(4, now, "edge-2"),
            _ => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        };
        Registered answer = await _link.RegisterAsync("alice", 4, change: r => r.Digests[0] = _link.Digest("alice", RedisCore.PasswordOf("alice"), nonce));
        Assert.Equal(RegisterOutcome.StaleNonce, answer.Outcome);
        Assert.Empty(answer.Ticket);
    }

    [Fact]
    [Spec("N.quotas")]
    public async Task Register_GuessesFromElsewhere_DoNotLockOutTheAddressThatHasLoggedIn()
    {
        await fixture.AddAccountsAsync("heidi");
        void From(Register register, params byte[] address) => register.ClientAddress = ByteString.CopyFrom(address);
        Assert.Equal(RegisterOutcome.Bound, (await _link.RegisterAsync("heidi", 7, change: register => From(register, 192, 0, 2, 1))).Outcome);
        for (int guess = 0; guess < 5; guess++)
            Assert.Equal(RegisterOutcome.BadCredentials, (await _link.RegisterAsync("heidi", 8, "guess", register => From(register, 192, 0, 2, 2))).Outcome);
        Assert.Equal(RegisterOutcome.TooManyFailures, (await _link.RegisterAsync("heidi", 8, change: register => From(register, 192, 0, 2, 2))).Outcome);
        Assert.Equal(RegisterOutcome.TooManyFailures, (await _link.RegisterAsync("heidi", 9)).Outcome);
        Assert.Equal(RegisterOutcome.Bound, (await _link.RegisterAsync("heidi", 10, change: register => From(register, 192, 0, 2, 1))).Outcome);
    }

    [Fact]
    public async Task Register_TooManyFailures_LockedAndHttpsToo()
    {
        await fixture.AddAccountsAsync("erin");
        for (int guess = 0; guess < 5; guess++) Assert.Equal(RegisterOutcome.BadCredentials, (await _link.RegisterAsync("erin", 6, "guess")).Outcome);
        Registered locked = await _link.RegisterAsync("erin", 6);
        Assert.Equal((RegisterOutcome.TooManyFailures, 1u), (locked.Outcome, locked.RetryAfterSeconds));
        using HttpClient https = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("erin", RedisCore.PasswordOf("erin")));
        using HttpResponseMessage response = await https.GetAsync("/v1/limits");
        Assert.Equal(System.Net.HttpStatusCode.TooManyRequests, response.StatusCode);
    }

    [Fact]
    public async Task Refresh_ValidTicket_Bound()
    {
        Registered registered = await _link.RegisterAsync("alice", 7);
        Refreshed answer = await RefreshAsync("alice", 7, registered.Ticket);
        Assert.Equal((RegisterOutcome.Bound, 7ul, "alice"), (answer.Outcome, answer.Flow, answer.User));
    }

    [Theory]
    [InlineData("other account")]
    [InlineData("other flow")]
    [InlineData("altered")]
    [InlineData("empty")]
    [InlineData("other edge")]
    [InlineData("newer start")]
    public async Task Refresh_TicketOfSomethingElse_BadTicket(string wrong)
    {
        string edge = $"edge-{wrong.Replace(' ', '-')}";
        await using TestLink home = await TestLink.ConnectAsync(fixture.Core, edge);
        Registered registered = await home.RegisterAsync("alice", 8);
        byte[] ticket = registered.Ticket.ToByteArray();
        if (wrong == "altered") ticket[^1] ^= 1;
        if (wrong == "empty") ticket = [];
        string user = wrong == "other account" ? "bob" : "alice";
        ulong flow = wrong == "other flow" ? 9ul : 8ul;
        TestLink link = home;
        if (wrong is "other edge" or "newer start") link = await TestLink.ConnectAsync(fixture.Core, wrong == "newer start" ? edge : "edge-thief");

        await link.SendAsync(new EdgeEvent { Refresh = new Refresh { Flow = flow, User = user, Ticket = ByteString.CopyFrom(ticket), ExpiresSeconds = 600, Device = "d" } });
        Refreshed answer = (await link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed;
        Assert.Equal(RegisterOutcome.BadTicket, answer.Outcome);
        Assert.Null(answer.Page);
        if (link != home) await link.DisposeAsync();
    }

    [Fact]
    public async Task Refresh_AfterNewPassword_BadTicket()
    {
        await fixture.AddAccountsAsync("frank");
        Registered registered = await _link.RegisterAsync("frank", 10);
        await fixture.Core.Services.GetRequiredService<IAccountStore>().UpdateAsync(RedisCore.Address("frank"), "another password");
        Assert.Equal(RegisterOutcome.BadTicket, (await RefreshAsync("frank", 10, registered.Ticket)).Outcome);
    }

    [Fact]
    public async Task Refresh_AfterDeletionAndSameNameAgain_BadTicket()
    {
        await fixture.AddAccountsAsync("grace");
        Registered registered = await _link.RegisterAsync("grace", 11);
        IAccountStore accounts = fixture.Core.Services.GetRequiredService<IAccountStore>();
        await accounts.DeleteAsync(RedisCore.Address("grace"));
        Assert.Equal(RegisterOutcome.BadTicket, (await RefreshAsync("grace", 11, registered.Ticket)).Outcome);
        long second = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        await Until.TrueAsync(() => DateTimeOffset.UtcNow.ToUnixTimeSeconds() > second, "another second: credential versions begin there");
        await fixture.AddAccountsAsync("grace");
        Assert.Equal(RegisterOutcome.BadTicket, (await RefreshAsync("grace", 11, registered.Ticket)).Outcome);
    }

    /// <summary>Told within 5 s (spec, Numbers): here at once, to every edge, whichever core changed the password.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Spec("S11")]
    public async Task Account_NewPasswordOrDeleted_EveryEdgeIsToldToEndItsFlows(bool isDeleted)
    {
        string user = isDeleted ? "henry" : "henrietta";
        await fixture.AddAccountsAsync(user);
        await using TestCore other = await TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, $"CoreStore:CoreId=other-{user}");
        await using TestLink elsewhere = await TestLink.ConnectAsync(fixture.Core, $"edge-2-{user}");
        await _link.RegisterAsync(user, 21);
        await elsewhere.RegisterAsync(user, 22, change: r => r.Device = "another device");

        IAccountStore accounts = fixture.Core.Services.GetRequiredService<IAccountStore>();
        if (isDeleted) await accounts.DeleteAsync(RedisCore.Address(user));
        else await accounts.UpdateAsync(RedisCore.Address(user), "another password");
        Assert.Equal((21ul, user), Named((await _link.NextAsync(CoreEvent.EventOneofCase.Revoked)).Revoked));
        Assert.Equal((22ul, user), Named((await elsewhere.NextAsync(CoreEvent.EventOneofCase.Revoked)).Revoked));
        if (isDeleted) return;

        // The other core changes it, and reaches no edge: this one is asked, and is told where, not whose.
        Assert.Equal(RegisterOutcome.Bound, (await _link.RegisterAsync(user, 23, "another password")).Outcome);
        await other.Services.GetRequiredService<IAccountStore>().UpdateAsync(RedisCore.Address(user), "a third");
        Assert.Equal((23ul, string.Empty), Named((await _link.NextAsync(CoreEvent.EventOneofCase.Revoked)).Revoked));

        static (ulong, string) Named(Revoked revoked) => (revoked.Flow, revoked.User);
    }

    /// <summary>The digest was checked against what the core knew; when it is bound, that is not so any more.</summary>
    [Fact]
    public async Task Register_PasswordChangedMeanwhile_NotBound()
    {
        await fixture.AddAccountsAsync("ivan");
        ChangedMeanwhile accounts = new(fixture.Core.Services.GetRequiredService<IAccountStore>());
        await using TestCore core = await TestCore.StartAsync(
            fixture.Redis.Endpoint, fixture.Certificates, services => services.AddSingleton<IAccountStore>(accounts), "CoreStore:CoreId=meanwhile");
        await using TestLink link = await TestLink.ConnectAsync(core, "edge-meanwhile");
        Registered answer = await link.RegisterAsync("ivan", 31);
        Assert.Equal((RegisterOutcome.BadCredentials, true), (answer.Outcome, answer.Ticket.IsEmpty));
        Assert.Null(answer.Page);
        Acceptance accepted = await core.Services.GetRequiredService<IMessageStore>().AcceptAsync(new NewMessage(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address("ivan"), "hello"u8.ToArray()));
        Assert.Null(accepted.Push);   // nobody is bound
    }

    /// <summary>A core remembers an account for 5 s: what it binds on an old word it takes back.</summary>
    [Fact]
    [Spec("S11")]
    public async Task Refresh_PasswordChangedAtAnotherCore_BadTicketAndNothingBound()
    {
        await fixture.AddAccountsAsync("jack");
        await using TestCore other = await TestCore.StartAsync(fixture.Redis.Endpoint, fixture.Certificates, null, "CoreStore:CoreId=other-jack");
        await using TestLink link = await TestLink.ConnectAsync(other, "edge-jack");
        Registered registered = await link.RegisterAsync("jack", 41);
        EdgeEvent refresh = new() { Refresh = new Refresh { Flow = 41, User = "jack", Ticket = registered.Ticket, ExpiresSeconds = 600, Device = "phone" } };
        await link.SendAsync(refresh);
        Assert.Equal(RegisterOutcome.Bound, (await link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed.Outcome);
        await fixture.Core.Services.GetRequiredService<IAccountStore>().UpdateAsync(RedisCore.Address("jack"), "another password");
        await link.SendAsync(refresh);
        Assert.Equal(RegisterOutcome.BadTicket, (await link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed.Outcome);
        Acceptance accepted = await other.Services.GetRequiredService<IMessageStore>().AcceptAsync(new NewMessage(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address("jack"), "hello"u8.ToArray()));
        Assert.Null(accepted.Push);
    }

    [Fact]
    public async Task Unregister_Always_ConfirmedByItsNumber()
    {
        await _link.RegisterAsync("alice", 12);
        await _link.SendAsync(new EdgeEvent { Unregister = new Unregister { Flow = 12, User = "alice", Number = 3 } });
        Reported reported = (await _link.NextAsync(CoreEvent.EventOneofCase.Reported)).Reported;
        Assert.Equal((3ul, false), (reported.Number, reported.Retry));
    }

    [Fact]
    public async Task Register_ZeroSeconds_UnboundAndNoTicket()
    {
        await _link.RegisterAsync("carol", 13);
        Registered answer = await _link.RegisterAsync("carol", 13, change: r => r.ExpiresSeconds = 0);
        Assert.Equal(RegisterOutcome.Bound, answer.Outcome);
        Assert.Empty(answer.Ticket);
    }

    private async Task<Refreshed> RefreshAsync(string user, ulong flow, ByteString ticket)
    {
        await _link.SendAsync(new EdgeEvent { Refresh = new Refresh { Flow = flow, User = user, Ticket = ticket, ExpiresSeconds = 600, Device = "d", ByClient = true } });
        return (await _link.NextAsync(CoreEvent.EventOneofCase.Refreshed)).Refreshed;
    }

    /// <summary>Accounts whose password changes as soon as they have been asked about one.</summary>
    private sealed class ChangedMeanwhile(IAccountStore accounts) : IAccountStore
    {
        public async ValueTask<AccountVerifiers?> ProveAsync(AccountAddress address, Func<AccountVerifiers, bool> proves)
        {
            AccountVerifiers? proved = await accounts.ProveAsync(address, proves);
            await accounts.UpdateAsync(address, "another password");
            return proved;
        }

        public ValueTask<AccountVerifiers?> FindVerifiersAsync(AccountAddress address) => accounts.FindVerifiersAsync(address);

        public Task<Account?> CreateAsync(AccountAddress address, string password) => accounts.CreateAsync(address, password);

        public Task<Account?> UpdateAsync(AccountAddress address, string password) => accounts.UpdateAsync(address, password);

        public Task<int?> DeleteAsync(AccountAddress address) => accounts.DeleteAsync(address);

        public Task<Account?> GetAsync(AccountAddress address) => accounts.GetAsync(address);

        public Task<AccountPage> ListAsync(int pageSize, string pageToken) => accounts.ListAsync(pageSize, pageToken);

        public Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<(AccountAddress Address, string Password)> some) => accounts.ImportAsync(some);
    }
}
