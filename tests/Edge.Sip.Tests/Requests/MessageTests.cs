using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Requests;

/// <summary>MESSAGE from clients: spec S6, S11, and its one error table.</summary>
public class MessageTests
{
    internal const string Accept = "text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml";

    [Fact]
    [Spec("S6", "S24", "D.one-id", "E.accepted")]
    public async Task Message_FromARegisteredClient_Is202AfterTheCoresAccept()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.SendAsync("alice", "héllo", callId: "call-1");
        Assert.Equal((202, "m"), (answer.Status, answer["X-Edge-Message-Id"]));   // the server's id: what its state is asked by
        Assert.Contains(";tag=", answer["To"], StringComparison.Ordinal);
        Submit submit = await edge.Core.SeenAsync(happened => happened.Submit);
        Assert.Equal(("bob", "ticket of bob", "sip:alice@example.test", "héllo"), (submit.User, submit.Ticket.ToStringUtf8(), submit.Recipient, submit.Text.ToStringUtf8()));
        string[] key = submit.ClientKey.Split('\0');
        Assert.Equal(3, key.Length);
        Assert.Equal("call-1", key[0]);
        Assert.EndsWith($";tag={key[1]}", answer["From"], StringComparison.Ordinal);
        Assert.Equal($"{key[2]} MESSAGE", answer["CSeq"]);
        Assert.Equal(1, edge.Sum("edge.messages.accepted"));
    }

    [Theory]
    [InlineData(Refusal.BadRecipient, 400, false, false)]
    [InlineData(Refusal.BadText, 400, false, false)]
    [InlineData(Refusal.TextTooLong, 413, false, true)]
    [InlineData(Refusal.UnknownRecipient, 404, false, false)]
    [InlineData(Refusal.IdReused, 400, false, true)]
    [InlineData(Refusal.OverLimit, 480, true, false)]
    [InlineData(Refusal.Unavailable, 503, true, false)]
    [InlineData(Refusal.NotRegistered, 401, false, false)]
    [InlineData(Refusal.Malformed, 400, false, false)]
    [InlineData(Refusal.Fault, 500, false, true)]
    [Spec("S26", "E.credentials", "E.id-reused", "E.malformed", "E.quota", "E.text", "E.unavailable", "E.unknown")]
    public async Task Message_RefusedByTheCore_FollowsTheErrorTable(Refusal refusal, int status, bool retryAfter, bool warning)
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnSubmit = _ => new Submitted
        {
            Refusal = refusal,
            RetryAfterSeconds = retryAfter ? 7u : 0,
            Detail = warning ? "say \"it\" otherwise" : string.Empty,
        });
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.SendAsync("alice", "hi");
        Assert.Equal((status, retryAfter ? "7" : string.Empty), (answer.Status, answer["Retry-After"]));
        Assert.Equal(warning ? "399 example.test \"say 'it' otherwise\"" : string.Empty, answer["Warning"]);
        Assert.Equal(status == 401, answer["WWW-Authenticate"].Length > 0);
        Assert.Equal(0, edge.Sum("edge.messages.accepted"));
    }

    [Fact]
    [Spec("S2")]
    public async Task Message_TextRefused_TheFourCountsStandInTheWarning()
    {
        const string Detail = "The text is longer than 160 characters or 4096 bytes. graphemes=161 codePoints=322 utf16Units=483 bytes=4000";   // as the core says it
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnSubmit = _ => new Submitted { Refusal = Refusal.TextTooLong, Detail = Detail });
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal($"399 example.test \"{Detail}\"", (await bob.SendAsync("alice", "hi"))["Warning"]);
    }

    [Fact]
    [Spec("S11", "E.credentials")]
    public async Task Message_WithoutRegistration_IsChallengedAndNeverAccepted()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText answer = await bob.SendAsync("alice", "hi");
        Assert.Equal(401, answer.Status);
        string credentials = bob.Authorization(answer, "MESSAGE", "sip:alice@example.test");
        string again = bob.MessageText("alice", "hi").Replace("Content-Type", $"Authorization: {credentials}\r\nContent-Type", StringComparison.Ordinal);
        Assert.Equal(401, (await bob.RequestAsync(again)).Status);
        Assert.Equal(0, edge.Core.Count(happened => happened.Submit));
    }

    [Fact]
    [Spec("S11", "E.from")]
    public async Task Message_FromOfAnotherAccount_IsForbidden()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient carol = await edge.RegisteredAsync("carol");   // registered, but on another connection
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(403, (await bob.SendAsync("alice", "hi", from: "carol")).Status);
        Assert.Equal(202, (await carol.SendAsync("alice", "hi")).Status);
    }

    [Theory]
    [InlineData("text/plain", 202)]
    [InlineData("text/plain;charset=us-ascii", 202)]
    [InlineData("text/plain; charset=\"UTF-8\"", 202)]
    [InlineData("text/plain;charset=iso-8859-1", 415)]
    [InlineData("text/html", 415)]
    [InlineData("message/sipfrag", 415)]
    [InlineData("application/pidf+xml", 415)]
    [InlineData("multipart/mixed;boundary=x", 415)]
    [InlineData("text", 400)]
    [Spec("S1", "E.content-type")]
    public async Task Message_ContentType_TextInUtf8Only(string type, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.SendAsync("alice", "hi", type);
        Assert.Equal((status, status == 415 ? Accept : string.Empty), (answer.Status, answer["Accept"]));
    }

    [Theory]
    [InlineData("Content-Type: text/plain;charset=UTF-8\r\n", "", 415)]
    [InlineData("Content-Type:", "Content-Encoding: gzip\r\nContent-Type:", 415)]
    [InlineData("Max-Forwards: 70", "Max-Forwards: 0", 483)]
    [InlineData("Max-Forwards: 70", "Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bKproxy\r\nMax-Forwards: 70", 403)]
    [InlineData("Max-Forwards: 70", "Max-Forwards: 70\r\nRequire: teleport", 420)]
    public async Task Message_Unusable_IsRefused(string good, string bad, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        SipText answer = await bob.RequestAsync(bob.MessageText("alice", "hi").Replace(good, bad, StringComparison.Ordinal));
        Assert.Equal((status, status == 420 ? "teleport" : string.Empty), (answer.Status, answer["Unsupported"]));
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);   // the connection is as good as before
    }

    /// <summary>Spec S2: an empty text is the core's to refuse, with or without a type of content (RFC 3261 §20.15).</summary>
    [Fact]
    [Spec("S2", "E.text")]
    public async Task Message_EmptyWithoutAContentType_IsRefusedAsEmpty()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnSubmit = submit =>
            new Submitted { Refusal = submit.Text.IsEmpty ? Refusal.BadText : Refusal.Unspecified });
        SipClient bob = await edge.RegisteredAsync();
        string message = bob.MessageText("alice", string.Empty).Replace("Content-Type: text/plain;charset=UTF-8\r\n", string.Empty, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Type", message, StringComparison.Ordinal);
        Assert.Equal(400, (await bob.RequestAsync(message)).Status);
    }

    /// <summary>Spec, Numbers: trust by connection is for directly connected clients; another client of the same proxy could name any From.</summary>
    [Theory]
    [InlineData("Path: <sip:proxy.example.test;lr>\r\n")]
    [InlineData("Via: SIP/2.0/TLS 127.0.0.2:9;branch=z9hG4bKproxy\r\n")]
    [Spec("S11", "N.registration")]
    public async Task Message_OfAClientBehindAProxy_IsForbidden(string header)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        string request = bob.RegisterText(3600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test"))
            .Replace("Max-Forwards: 70\r\n", $"{header}Max-Forwards: 70\r\n", StringComparison.Ordinal);
        Assert.Equal(200, (await bob.RequestAsync(request)).Status);
        Assert.Equal(403, (await bob.SendAsync("alice", "hi")).Status);
        Assert.Equal(0, edge.Core.Count(happened => happened.Submit));
        Assert.Equal(200, (await bob.RegisterAsync()).Status);   // a digest straight from him
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);
    }

    [Fact]
    public async Task Message_TicketRefusedByTheCore_EndsTheRegistration()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnSubmit = _ => new Submitted { Refusal = Refusal.NotRegistered });
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(401, (await bob.SendAsync("alice", "hi")).Status);
        await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal(0, edge.Sum("edge.registrations"));
        Assert.Equal(200, (await bob.RegisterAsync()).Status);
    }

    /// <summary>The connection ends in the middle of a MESSAGE: nothing of it reaches the core, and the edge serves on.</summary>
    [Fact]
    public async Task Message_CutAnywhere_IsNeverSubmitted()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        int length = (await edge.ConnectAsync()).MessageText("alice", "hi there").Length;
        for (int cut = 1; cut < length; cut += length / 12)
        {
            SipClient bob = await edge.RegisteredAsync();
            await bob.WriteAsync(System.Text.Encoding.UTF8.GetBytes(bob.MessageText("alice", "hi there")).AsMemory(0, cut));
            await bob.DisposeAsync();
        }

        await Until.TrueAsync(() => edge.Sum("edge.registrations") == 0, "all ended");
        Assert.Equal(0, edge.Core.Count(happened => happened.Submit));
        SipClient last = await edge.RegisteredAsync();
        Assert.Equal(202, (await last.SendAsync("alice", "hi there")).Status);
    }

    [Fact]
    public async Task Message_RepeatedWhilePending_IsAbsorbed()
    {
        using SemaphoreSlim answer = new(0);
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnSubmit = _ =>
        {
            answer.Wait();
            return new Submitted();
        });
        SipClient bob = await edge.RegisteredAsync();
        string message = bob.MessageText("alice", "hi");
        Task<SipText> first = bob.RequestAsync(message + message + bob.PlainText("OPTIONS"));
        Assert.EndsWith("OPTIONS", (await first)["CSeq"], StringComparison.Ordinal);   // by now both copies have been read
        answer.Release();
        Assert.Equal(202, (await bob.ResponseAsync()).Status);
        Assert.Equal(200, (await bob.RequestAsync(bob.PlainText("OPTIONS"))).Status);
        Assert.Equal(1, edge.Core.Count(happened => happened.Submit));
    }

    /// <summary>Promise P6: no false acceptance, 503 with Retry-After within 5 s instead.</summary>
    [Fact]
    [Spec("E.unavailable", "P6")]
    public async Task Message_TheCoreStaysSilent_Is503AfterFiveSeconds()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.OnSubmit = _ => null);
        SipClient bob = await edge.RegisteredAsync();
        Task<SipText> answer = bob.SendAsync("alice", "hi");
        await edge.Core.SeenAsync(happened => happened.Submit);
        await edge.MoveAsync(TimeSpan.FromSeconds(4));
        Assert.False(answer.IsCompleted);
        await edge.MoveUntilAsync(() => answer.IsCompleted, TimeSpan.FromSeconds(1), "503 within 5 s");
        Assert.Equal((503, "5"), ((await answer).Status, (await answer)["Retry-After"]));
    }

    [Fact]
    [Spec("E.unavailable", "P6")]
    public async Task Message_TheLinkIsCut_Is503()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.OnSubmit = _ => null);
        SipClient bob = await edge.RegisteredAsync();
        Task<SipText> answer = bob.SendAsync("alice", "hi");
        await edge.Core.SeenAsync(happened => happened.Submit);
        edge.Core.Refuses = true;
        edge.Core.Cut();
        Assert.Equal(503, (await answer).Status);
        Assert.Equal(503, (await bob.SendAsync("alice", "hi")).Status);   // and none is asked while it is down
    }
}
