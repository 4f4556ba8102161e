using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.Tests.Harness;
using Google.Protobuf;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Registrar;

/// <summary>REGISTER: RFC 3261 §10.3, RFC 5626, RFC 8760; spec, Registration.</summary>
public class RegisterTests
{
    [Fact]
    [Spec("D.accounts", "E.credentials", "R.digest")]
    public async Task Register_WithoutCredentials_IsChallengedSha256First()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        Assert.Equal(401, answer.Status);
        string[] challenges = [.. answer.All("WWW-Authenticate")];
        Assert.Equal(2, challenges.Length);
        Assert.Contains("algorithm=SHA-256", challenges[0], StringComparison.Ordinal);
        Assert.Contains("algorithm=MD5", challenges[1], StringComparison.Ordinal);
        Assert.All(challenges, challenge => Assert.Contains("realm=\"example.test\"", challenge, StringComparison.Ordinal));
        Assert.DoesNotContain("stale", challenges[0], StringComparison.Ordinal);
        Assert.Equal(0, edge.Core.Count(happened => happened.Register));
    }

    [Fact]
    [Spec("R.digest")]
    public async Task Register_Md5SwitchedOff_OffersSha256Alone()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.Welcome.OfferMd5 = false);
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        Assert.Single(answer.All("WWW-Authenticate"));
    }

    [Theory]
    [InlineData("SHA-256")]
    [InlineData("MD5")]
    [Spec("N.registration", "R.digest", "R.register", "R.uri")]
    public async Task Register_WithADigest_IsBoundByTheCore(string algorithm)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        bob.Algorithm = algorithm;
        SipText answer = await bob.RegisterAsync();
        Assert.Equal(200, answer.Status);
        Assert.Contains("expires=3600", answer["Contact"], StringComparison.Ordinal);
        Assert.Contains("<sip:bob@127.0.0.1:9;transport=tls;ob>", answer["Contact"], StringComparison.Ordinal);
        Assert.Equal("outbound", answer["Require"]);
        Assert.Equal("120", answer["Flow-Timer"]);
        Assert.NotEmpty(answer["Date"]);
        Register register = await edge.Core.SeenAsync(happened => happened.Register);
        Assert.Equal(("bob", "example.test", 3600u, 16), (register.User, register.Domain, register.ExpiresSeconds, register.Device.Length));
        Assert.Equal([127, 0, 0, 1], register.ClientAddress.ToByteArray());
        Assert.Equal(1, edge.Sum("edge.registrations"));
    }

    /// <summary>RFC 8599's parameters and an older spelling: kept in the Contact, as any parameter is, and nothing more.</summary>
    [Theory]
    [InlineData("pn-provider=apns;pn-prid=00fc13adff78512;pn-param=DEF123GHIJ.org.example.app.voip")]
    [InlineData("app-id=123456;pn-type=firebase;pn-tok=c0ffee")]
    [Spec("S10")]
    public async Task Register_PushParameters_IgnoredAndDeliveredDownTheConnection(string parameters)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RegisterAsync(contact: $"<sip:bob@127.0.0.1:9;transport=tls;{parameters}>");
        Assert.Equal(200, answer.Status);
        Assert.Contains($"<sip:bob@127.0.0.1:9;transport=tls;{parameters}>", answer["Contact"], StringComparison.Ordinal);
        Assert.Empty(answer["Feature-Caps"]);   // RFC 8599 §4.1.2: no promise to push
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        Assert.Equal("text 1", (await bob.ReceiveAsync(1))[0].Text);
    }

    [Fact]
    [Spec("R.register")]
    public async Task Register_WithoutRegId_GetsNoFlowTimer()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RegisterAsync(contact: "<sip:bob@127.0.0.1:9>");
        Assert.Equal(200, answer.Status);
        Assert.Empty(answer["Require"]);
        Assert.Empty(answer["Flow-Timer"]);
    }

    [Fact]
    [Spec("E.credentials")]
    public async Task Register_WrongPassword_IsChallengedAgain()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        bob.Password = "wrong";
        Assert.Equal(401, (await bob.RegisterAsync()).Status);
        Assert.Equal(0, edge.Sum("edge.registrations"));
    }

    [Fact]
    public async Task Register_NonceOfAnotherConnection_IsStaleWithoutAskingTheCore()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipClient other = await edge.ConnectAsync();
        SipText challenge = await other.RequestAsync(other.RegisterText(3600, null, null));
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test")));
        Assert.Equal(401, answer.Status);
        Assert.Contains("stale=true", answer["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Equal(0, edge.Core.Count(happened => happened.Register));
    }

    /// <summary>A captured REGISTER, sent once more on its own connection when nobody is registered there any more (RFC 7616 §3.4: nc).</summary>
    [Fact]
    [Spec("R.digest")]
    public async Task Register_DigestUsedBefore_IsStaleWithoutAskingTheCore()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string first = bob.Authorization(challenge, "REGISTER", "sip:example.test"), second = bob.Authorization(challenge, "REGISTER", "sip:example.test");
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(3600, null, first))).Status);
        await UnregisterAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(3600, null, second))).Status);   // the same nonce, counted up
        await UnregisterAsync();
        foreach (string used in (string[])[first, second])
        {
            SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, used));
            Assert.Equal(401, answer.Status);
            Assert.Contains("stale=true", answer["WWW-Authenticate"], StringComparison.Ordinal);
        }

        Assert.Equal(2, edge.Core.Count(happened => happened.Register));
        Assert.Equal(200, (await bob.RegisterAsync()).Status);

        async Task UnregisterAsync() => Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(0, null, null))).Status);   // trusted: no digest
    }

    /// <summary>Behind a proxy two may be challenged in one millisecond, with one nonce.</summary>
    [Fact]
    public async Task Register_NonceOfAnotherAccountOnTheConnection_CountsForEachAlone()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string nonce = Field(bob.Authorization(challenge, "REGISTER", "sip:example.test"));
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(3600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test")))).Status);
        SipClient counts = await edge.ConnectAsync("alice");   // its own count begins at 1
        bob.User = "alice";
        counts.User = "alice";
        string alices = counts.Authorization(challenge, "REGISTER", "sip:example.test");
        Assert.Contains("nc=00000001", alices, StringComparison.Ordinal);
        Assert.Equal(nonce, Field(alices));
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(3600, null, alices))).Status);

        static string Field(string credentials) => credentials.Split("nonce=\"")[1].Split('"')[0];
    }

    [Theory]
    [InlineData("00000000")]
    [InlineData("1")]
    [InlineData("0000000g")]
    public async Task Register_NonceCountThatIsNone_400(string nc)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string credentials = bob.Authorization(challenge, "REGISTER", "sip:example.test").Replace("nc=00000001", $"nc={nc}", StringComparison.Ordinal);
        Assert.Equal(400, (await bob.RequestAsync(bob.RegisterText(3600, null, credentials))).Status);
    }

    [Fact]
    public async Task Register_OldNonce_IsStale()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, settings: ["Sip:UnregisteredSeconds=600"]);
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string credentials = bob.Authorization(challenge, "REGISTER", "sip:example.test");
        await edge.MoveAsync(TimeSpan.FromSeconds(301));
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, credentials));
        Assert.Equal(401, answer.Status);
        Assert.Contains("stale=true", answer["WWW-Authenticate"], StringComparison.Ordinal);
    }

    [Fact]
    [Spec("S11")]
    public async Task Register_DigestOfAnotherAccount_IsForbidden()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string credentials = bob.Authorization(challenge, "REGISTER", "sip:example.test").Replace("username=\"bob\"", "username=\"carol\"", StringComparison.Ordinal);
        Assert.Equal(403, (await bob.RequestAsync(bob.RegisterText(3600, null, credentials))).Status);
        Assert.Equal(0, edge.Core.Count(happened => happened.Register));
    }

    [Fact]
    [Spec("S11")]
    public async Task Register_ForSomeoneElse_IsForbidden()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        string request = bob.RegisterText(3600, null, null).Replace("To: <sip:bob@", "To: <sip:carol@", StringComparison.Ordinal);
        Assert.Equal(403, (await bob.RequestAsync(request)).Status);
    }

    [Theory]
    [InlineData("REGISTER sip:example.test", "REGISTER sip:other.test")]
    [InlineData("To: <sip:bob@example.test>", "To: <sip:bob@other.test>")]
    [InlineData("To: <sip:bob@example.test>", "To: <sip:b%20b@example.test>")]
    public async Task Register_ForAnotherDomain_IsNotFound(string ours, string theirs)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(404, (await bob.RequestAsync(bob.RegisterText(3600, null, null).Replace(ours, theirs, StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData("username=\"bob\", ", "")]
    [InlineData("uri=\"sip:example.test\"", "uri=\"sip:elsewhere.test\"")]
    public async Task Register_MalformedCredentials_IsABadRequest(string good, string bad)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string credentials = bob.Authorization(challenge, "REGISTER", "sip:example.test").Replace(good, bad, StringComparison.Ordinal);
        Assert.Equal(400, (await bob.RequestAsync(bob.RegisterText(3600, null, credentials))).Status);
    }

    [Fact]
    [Spec("R.digest")]
    public async Task Register_SeveralAuthorizationHeaders_OneThatVerifiesIsEnough()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string good = bob.Authorization(challenge, "REGISTER", "sip:example.test");
        bob.Password = "wrong";
        string bad = bob.Authorization(challenge, "REGISTER", "sip:example.test");
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(3600, null, $"{bad}\r\nAuthorization: {good}"))).Status);
    }

    /// <summary>Whatever is wrong with the others: one of another account, of another request, of a stale nonce, of no use at all.</summary>
    [Theory]
    [InlineData("username=\"bob\"", "username=\"carol\"", 403)]
    [InlineData("uri=\"sip:example.test\"", "uri=\"sip:elsewhere.test\"", 400)]
    [InlineData("nc=00000001", "nc=0", 400)]
    [InlineData("username=\"bob\", ", "", 400)]
    [InlineData("nonce=\"", "nonce=\"x", 401)]
    [InlineData("Digest", "Bearer", 401)]
    [InlineData("realm=\"example.test\"", "realm=\"elsewhere.test\"", 401)]
    [Spec("R.digest")]
    public async Task Register_OneHeaderThatVerifiesAmongUselessOnes_IsBound(string good, string bad, int alone)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string verifies = bob.Authorization(challenge, "REGISTER", "sip:example.test");
        string useless = verifies.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(verifies, useless);
        Assert.Equal(alone, (await bob.RequestAsync(bob.RegisterText(3600, null, useless))).Status);
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(3600, null, $"{useless}\r\nAuthorization: {verifies}\r\nAuthorization: {useless}"))).Status);
        Assert.Equal(1, edge.Core.Count(happened => happened.Register));
    }

    [Fact]
    [Spec("N.registration")]
    public async Task Register_TooBrief_Is423WithMinExpires()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(59, null, null));
        Assert.Equal((423, "60"), (answer.Status, answer["Min-Expires"]));
    }

    [Fact]
    [Spec("N.registration")]
    public async Task Register_TooLong_IsShortened()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        Assert.Contains("expires=3600", (await bob.RegisterAsync(expires: 86_400))["Contact"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Register_ContactParameter_RanksAboveTheHeader()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        Assert.Contains("expires=120", (await bob.RegisterAsync(contact: "<sip:bob@127.0.0.1:9>;expires=120"))["Contact"], StringComparison.Ordinal);
    }

    [Fact]
    [Spec("N.registration", "R.register")]
    public async Task Refresh_OnATrustedConnection_IsAnsweredAtOnce()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(600, null, null));
        Assert.Equal(200, answer.Status);
        Assert.Contains("expires=600", answer["Contact"], StringComparison.Ordinal);
        Assert.Equal("120", answer["Flow-Timer"]);
        Refresh refresh = await edge.Core.SeenAsync(happened => happened.Refresh);
        Assert.Equal(("bob", "ticket of bob", 600u, true, 0L), (refresh.User, refresh.Ticket.ToStringUtf8(), refresh.ExpiresSeconds, refresh.ByClient, refresh.After));
        Assert.Equal(1, edge.Core.Count(happened => happened.Register));
    }

    [Fact]
    [Spec("S15", "B2")]
    public async Task Refresh_BringsThePage()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRefresh = refresh => new Refreshed
        {
            Flow = refresh.Flow,
            User = refresh.User,
            Outcome = RegisterOutcome.Bound,
            Page = new Page { Flow = refresh.Flow, User = refresh.User, After = refresh.After, Upto = 3, Deliveries = { core.Delivery(refresh.Flow, refresh.User, 3) } },
        });
        SipClient bob = await edge.RegisteredAsync();
        await bob.RequestAsync(bob.RegisterText(600, null, null));
        Assert.Equal("text 3", (await bob.ReceiveAsync(1))[0].Text);
    }

    [Theory]
    [InlineData("Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bKproxy\r\n")]
    [InlineData("Path: <sip:proxy.example.test;lr>\r\n")]
    [Spec("N.registration")]
    public async Task Refresh_NotDirectlyConnected_IsChallenged(string header)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        string request = bob.RegisterText(600, null, null).Replace("Max-Forwards: 70\r\n", $"{header}Max-Forwards: 70\r\n", StringComparison.Ordinal);
        Assert.Equal(401, (await bob.RequestAsync(request)).Status);
    }

    /// <summary>Whoever registered through a proxy shares its connection: one Via alone does not make the next REGISTER his.</summary>
    [Theory]
    [InlineData("Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bKproxy\r\n", 600)]
    [InlineData("Path: <sip:proxy.example.test;lr>\r\n", 600)]
    [InlineData("Path: <sip:proxy.example.test;lr>\r\n", 0)]
    [Spec("N.registration")]
    public async Task Refresh_OfARegistrationThroughAProxy_IsChallengedHoweverItComes(string header, int expires)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string request = bob.RegisterText(3600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test"));
        Assert.Equal(200, (await bob.RequestAsync(request.Replace("Max-Forwards: 70\r\n", $"{header}Max-Forwards: 70\r\n", StringComparison.Ordinal))).Status);
        Assert.Equal(401, (await bob.RequestAsync(bob.RegisterText(expires, null, null))).Status);
        Assert.Equal(1, edge.Sum("edge.registrations"));
    }

    [Fact]
    [Spec("S11", "N.registration")]
    public async Task Refresh_OfAnotherAccount_IsChallenged()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        string request = bob.RegisterText(600, null, null).Replace("sip:bob@example.test", "sip:carol@example.test", StringComparison.Ordinal);
        Assert.Equal(401, (await bob.RequestAsync(request)).Status);
    }

    [Theory]
    [InlineData("Path: sip:proxy.example.test\r\n")]
    [InlineData("Path: <sip:proxy.example.test;lr>;x=\"\r\n")]
    public async Task Register_BadPath_IsABadRequest(string header)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        string request = bob.RegisterText(600, null, null).Replace("Max-Forwards: 70\r\n", $"{header}Max-Forwards: 70\r\n", StringComparison.Ordinal);
        Assert.Equal(400, (await bob.RequestAsync(request)).Status);
    }

    [Fact]
    [Spec("N.registration")]
    public async Task Refresh_NearTheTicketsEnd_IsGrantedNoLongerThanTheTicket()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.OnRegister = (_, answer) =>
        {
            answer.TicketExpireTimeMs = core.NowMs + 600_000;
            return answer;
        });
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        Assert.Equal(200, answer.Status);
        Assert.Contains("expires=600", answer["Contact"], StringComparison.Ordinal);
        await edge.MoveAsync(CoreStream.SoonTime);
        Assert.Equal(600u, (await edge.Core.SeenAsync(happened => happened.Refresh)).ExpiresSeconds);
    }

    [Fact]
    [Spec("N.registration")]
    public async Task Refresh_AfterTheTicketsEnd_IsChallenged()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRegister = (_, answer) =>
        {
            answer.TicketExpireTimeMs = core.NowMs - 1_000;
            return answer;
        });
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(401, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
    }

    [Fact]
    public async Task Refresh_TicketRefusedByTheCore_ChallengesTheNext()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRefresh = refresh => new Refreshed { Flow = refresh.Flow, User = refresh.User, Outcome = RegisterOutcome.BadTicket });
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await edge.Core.SeenAsync(happened => happened.Refresh);
        SipText next = await bob.RequestAsync(bob.RegisterText(600, null, null));
        for (int i = 0; i < 100 && next.Status == 200; i++) next = await bob.RequestAsync(bob.RegisterText(600, null, null));   // the core's word is on its way
        Assert.Equal(401, next.Status);
        Assert.Equal(200, (await bob.RegisterAsync()).Status);
    }

    /// <summary>The client has its 200 and would wait in vain: the end of the connection makes it register anew.</summary>
    [Fact]
    public async Task Refresh_TicketRefusedByTheCore_EndsTheRegistrationThenTheConnection()
    {
        await using TestEdge edge = await TestEdge.StartAsync(
            moveTime: true, core: core => core.OnRefresh = refresh => new Refreshed { Flow = refresh.Flow, User = refresh.User, Outcome = RegisterOutcome.BadTicket });
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await edge.MoveUntilAsync(() => edge.Core.Count(happened => happened.Unregister) > 0, TimeSpan.FromSeconds(2), "the core is told");
        Assert.Equal(0, edge.Sum("edge.registrations"));
        await edge.MoveAsync(TimeSpan.FromSeconds(16));
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/not_registered") == 1, "ended");
    }

    /// <summary>Each refusal here is of the first ticket and comes after the second one: only the registration that was refused ends.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Refusal_OfAnEarlierTicket_LeavesTheNewRegistration(bool ofAMessage)
    {
        int registered = 0;
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core =>
        {
            core.OnRegister = (_, answer) =>
            {
                answer.Ticket = ByteString.CopyFromUtf8($"ticket {++registered}");
                return answer;
            };
            core.OnRefresh = refresh => ofAMessage ? new Refreshed { Flow = refresh.Flow, User = refresh.User, Outcome = RegisterOutcome.BadTicket } : null;
            core.OnSubmit = _ => ofAMessage ? null : new Submitted { Refusal = Refusal.NotRegistered };
        });
        SipClient bob = await edge.RegisteredAsync();
        ulong flow = edge.FlowOf("bob");
        if (ofAMessage)
        {
            await bob.WriteAsync(System.Text.Encoding.UTF8.GetBytes(bob.MessageText("alice", "hi")));
            await edge.Core.SeenAsync(happened => happened.Submit);
        }

        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await edge.MoveAsync(CoreStream.SoonTime);
        await edge.Core.SeenAsync(happened => happened.Refresh);
        if (!ofAMessage) Assert.Equal(401, (await bob.SendAsync("alice", "hi")).Status);
        for (int i = 0; i < 1_000 && registered == 1; i++) Assert.Equal(200, (await bob.RegisterAsync()).Status);
        Assert.Equal(2, registered);
        await edge.Core.SendAsync(ofAMessage
            ? new CoreEvent { Submitted = new Submitted { Request = edge.Core.Events.First(happened => happened.Submit is not null).Submit.Request, Refusal = Refusal.NotRegistered } }
            : new CoreEvent { Refreshed = new Refreshed { Flow = flow, User = "bob", Outcome = RegisterOutcome.BadTicket } });
        if (ofAMessage) Assert.Equal(401, (await bob.ResponseAsync()).Status);
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 1) });
        Assert.Equal("text 1", (await bob.ReceiveAsync(1))[0].Text);   // by now the refusal has been read
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
    }

    [Fact]
    public async Task Register_TheCoreMeetsAFault_Is500AndTakenBack()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRegister = (register, _) => new Registered { Request = register.Request, Outcome = RegisterOutcome.RegisterFault });
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RegisterAsync();
        Assert.Equal((500, string.Empty), (answer.Status, answer["Retry-After"]));
        await edge.Core.SeenAsync(happened => happened.Unregister);   // what it did before the fault is not known
    }

    [Fact]
    public async Task Refresh_TheCoreMeetsAFault_IsNotSentAgainByItself()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.OnRefresh = refresh => new Refreshed
        {
            Flow = refresh.Flow,
            User = refresh.User,
            Outcome = RegisterOutcome.RegisterFault,
        });
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await edge.MoveAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(1, edge.Core.Count(happened => happened.Refresh));
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await edge.MoveUntilAsync(() => edge.Core.Count(happened => happened.Refresh) == 2, TimeSpan.FromSeconds(3), "the client's next one");
    }

    [Fact]
    public async Task Refresh_TheStoreCouldNotTake_IsSentAgain()
    {
        int calls = 0;
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.OnRefresh = refresh => new Refreshed
        {
            Flow = refresh.Flow,
            User = refresh.User,
            Outcome = calls++ == 0 ? RegisterOutcome.StoreUnavailable : RegisterOutcome.Bound,
        });
        SipClient bob = await edge.RegisteredAsync();
        await bob.RequestAsync(bob.RegisterText(600, null, null));
        await edge.MoveUntilAsync(() => calls == 2, TimeSpan.FromSeconds(3), "the refresh again");
        Assert.All(edge.Core.Events.Where(e => e.Refresh is not null), happened => Assert.True(happened.Refresh.ByClient));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("*")]
    public async Task Unregister_OnATrustedConnection_EndsTheBinding(string? contact)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(0, contact, null));
        Assert.Equal((200, string.Empty), (answer.Status, answer["Contact"]));
        await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal(0, edge.Sum("edge.registrations"));
        Assert.Equal(401, (await bob.SendAsync("alice", "hi")).Status);
    }

    /// <summary>RFC 3261 §10.3 step 7: a client that clears away an old contact of its own keeps the new one.</summary>
    [Theory]
    [InlineData("<sip:bob@127.0.0.1:10>")]
    [InlineData("<sip:bob@127.0.0.1:10>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-00000000000f>\"")]
    public async Task Unregister_OfAContactThatIsNotBound_LeavesTheBinding(string contact)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(0, contact, null));
        Assert.Equal(200, answer.Status);
        Assert.Contains("<sip:bob@127.0.0.1:9;transport=tls;ob>", answer["Contact"], StringComparison.Ordinal);
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);
        Assert.Equal(0, edge.Core.Count(happened => happened.Unregister));
    }

    [Fact]
    public async Task Unregister_WithCredentials_IsVerifiedByTheCore()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(200, (await bob.RegisterAsync(expires: 0)).Status);
        Assert.Equal(0u, (await edge.Core.SeenAsync(happened => happened.Register)).ExpiresSeconds);
        Assert.Equal(0, edge.Sum("edge.registrations"));
    }

    [Theory]
    [InlineData(3600, "*")]
    [InlineData(0, "*, <sip:bob@127.0.0.1:9>")]
    [InlineData(3600, "<tel:+123>")]
    [InlineData(3600, "<sip:bob@127.0.0.1:9>;reg-id=0")]
    [InlineData(3600, "<sip:bob@127.0.0.1:9>;reg-id=1;+sip.instance=\"a\\\"b\"")]   // our 200 could not repeat it
    [InlineData(3600, "<sip:bob@127.0.0.1:9>;reg-id=1;+sip.instance=\"a\u0001b\"")]
    public async Task Register_BadContact_IsABadRequest(int expires, string contact)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(400, (await bob.RequestAsync(bob.RegisterText(expires, contact, null))).Status);
    }

    [Fact]
    public async Task Query_WithoutContact_ListsTheBinding()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.RequestAsync(bob.PlainText("REGISTER"));
        Assert.Equal(200, answer.Status);
        Assert.Contains("<sip:bob@127.0.0.1:9;transport=tls;ob>", answer["Contact"], StringComparison.Ordinal);
        Assert.Equal(1, edge.Sum("edge.registrations"));
    }

    [Fact]
    public async Task Device_SameInstance_SameName()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        const string Instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000000000001>\"";
        SipClient one = await edge.ConnectAsync();
        await one.RegisterAsync(contact: $"<sip:bob@127.0.0.1:9>;reg-id=1;{Instance}");
        SipClient two = await edge.ConnectAsync();
        await two.RegisterAsync(contact: $"<sip:bob@127.0.0.1:10>;reg-id=1;{Instance}");
        SipClient three = await edge.ConnectAsync();
        await three.RegisterAsync(contact: $"<sip:bob@127.0.0.1:10>;reg-id=2;{Instance}");
        string[] devices = [.. edge.Core.Events.Where(e => e.Register is not null).Select(e => e.Register.Device)];
        Assert.Equal(devices[0], devices[1]);
        Assert.NotEqual(devices[0], devices[2]);
    }

    [Fact]
    public async Task Register_TooManyFailures_Is403WithRetryAfter()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRegister = (register, _) =>
            new Registered { Request = register.Request, Outcome = RegisterOutcome.TooManyFailures, RetryAfterSeconds = 8 });
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RegisterAsync();
        Assert.Equal((403, "8"), (answer.Status, answer["Retry-After"]));
    }

    [Fact]
    [Spec("E.unavailable")]
    public async Task Register_StoreUnavailable_Is503WithRetryAfter()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnRegister = (register, _) =>
            new Registered { Request = register.Request, Outcome = RegisterOutcome.StoreUnavailable, RetryAfterSeconds = 3 });
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RegisterAsync();
        Assert.Equal((503, "3"), (answer.Status, answer["Retry-After"]));
        await edge.Core.SeenAsync(happened => happened.Unregister);   // it may have been bound all the same
    }

    [Fact]
    [Spec("E.unavailable")]
    public async Task Register_TheCoreStaysSilent_Is503AfterItsDeadline()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.OnRegister = (_, _) => null);
        SipClient bob = await edge.ConnectAsync();
        Task<SipText> answer = bob.RegisterAsync();
        await edge.Core.SeenAsync(happened => happened.Register);
        await edge.MoveUntilAsync(() => answer.IsCompleted, TimeSpan.FromSeconds(5), "503 within 5 s");
        Assert.Equal(503, (await answer).Status);
        await edge.Core.SeenAsync(happened => happened.Unregister);   // else a core that was only late would push to this flow in vain
    }

    [Fact]
    [Spec("E.unavailable")]
    public async Task Register_WithoutALink_Is503WithRetryAfter()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.Refuses = true, waitForLink: false);
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        Assert.Equal((503, "5"), (answer.Status, answer["Retry-After"]));
        Assert.False(edge.Node.IsReady);
    }

    [Fact]
    public async Task Registration_NotRenewed_Lapses()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.ConnectAsync();
        await bob.RegisterAsync(expires: 60);
        await edge.MoveAsync(TimeSpan.FromSeconds(59));
        Assert.Equal(1, edge.Sum("edge.registrations"));
        await edge.MoveUntilAsync(() => edge.Sum("edge.registrations") == 0, TimeSpan.FromSeconds(2), "lapsed");
        await edge.Core.SeenAsync(happened => happened.Unregister);
    }

    [Fact]
    public async Task Registration_Lapsed_SendsNothingMore()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.ConnectAsync();
        bob.Answer = _ => 0;
        await bob.RegisterAsync(expires: 60);
        await edge.MoveAsync(TimeSpan.FromSeconds(58));
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 1) }, new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 2, previous: 1) });
        SipText message = (await bob.ReceiveAsync(1))[0];
        await edge.MoveUntilAsync(() => edge.Sum("edge.registrations") == 0, TimeSpan.FromSeconds(3), "lapsed");
        await bob.RespondAsync(message, 200);
        await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Outcome == DeliveryOutcome.AcceptedByDevice);
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);   // whatever was sent before has come
        Assert.Single(bob.Received);
    }

    [Fact]
    [Spec("R.uri")]
    public async Task Register_PathGiven_IsEchoedAndUsedAsRoute()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string request = bob.RegisterText(3600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test"))
            .Replace("Max-Forwards: 70\r\n", "Path: <sip:proxy.example.test;lr>\r\nMax-Forwards: 70\r\n", StringComparison.Ordinal);
        SipText answer = await bob.RequestAsync(request);
        Assert.Equal((200, "<sip:proxy.example.test;lr>"), (answer.Status, answer["Path"]));
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        Assert.Equal("<sip:proxy.example.test;lr>", (await bob.ReceiveAsync(1))[0]["Route"]);
    }
}
