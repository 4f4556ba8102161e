using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Bad input by SIP: each gets the answer of docs/errors.md, nothing is stored, the edge stays up and serves others.</summary>
public sealed class SipInputTests(JourneySystem system)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    /// <summary>The connection is cut after each of many offsets of a MESSAGE: half a message is never a message.</summary>
    [Fact]
    public async Task Message_CutAnywhere_NothingStored()
    {
        (Account alice, Account bob) = await TwoAsync();
        int length = 0;
        for (int cut = 1; cut == 1 || cut < length; cut += 37)
        {
            await using SipClient sender = await system.RegisteredAsync(alice);
            byte[] whole = Encoding.UTF8.GetBytes(sender.MessageText(bob.User, "never whole"));
            length = whole.Length;
            await sender.WriteAsync(whole.AsMemory(0, Math.Min(cut, length - 1)));
        }

        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Cut by TLS records and not by a lost connection, the message is whole in the end.</summary>
    [Fact]
    public async Task Message_InPieces_Accepted()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);
        await using SipClient phone = await system.RegisteredAsync(bob);

        foreach (byte[] piece in Encoding.UTF8.GetBytes(sender.MessageText(bob.User, "piece by piece")).Chunk(11))
        {
            await sender.WriteAsync(piece);
        }

        Assert.Equal(202, (await sender.ResponseAsync()).Status);
        Assert.Equal("piece by piece", (await phone.ReceiveAsync(1))[0].Text);
    }

    [Theory]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: 99999999999")]
    [InlineData("Content-Length: two")]
    [InlineData("Content-Length: 2\r\nContent-Length: 3")]
    public async Task Message_WrongContentLength_RefusedAndClosed(string header)
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        await sender.WriteAsync(Encoding.UTF8.GetBytes(sender.MessageText(bob.User, "hi").Replace("Content-Length: 2", header, StringComparison.Ordinal)));

        await sender.Closed.WaitAsync(Soon, TestContext.Current.CancellationToken);   // no boundary is known any more
        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Longer than the body: the rest never comes, so the message never was.</summary>
    [Fact]
    public async Task Message_ContentLengthLongerThanTheBody_NothingStored()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        await sender.WriteAsync(Encoding.UTF8.GetBytes(sender.MessageText(bob.User, "hi").Replace("Content-Length: 2", "Content-Length: 50", StringComparison.Ordinal)));

        await sender.Closed.WaitAsync(Soon, TestContext.Current.CancellationToken);   // a begun message has 5 s
        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Shorter than the body: the first bytes are the message; what follows is no SIP and ends the connection.</summary>
    [Fact]
    public async Task Message_ContentLengthShorterThanTheBody_RestEndsTheConnection()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);
        await using SipClient phone = await system.RegisteredAsync(bob);

        await sender.WriteAsync(Encoding.UTF8.GetBytes(sender.MessageText(bob.User, "hi and the rest\r\n\r\n").Replace("Content-Length: 19", "Content-Length: 2", StringComparison.Ordinal)));

        Assert.Equal("hi", (await phone.ReceiveAsync(1))[0].Text);
        await sender.Closed.WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.True(system.IsUp);
    }

    /// <summary>Spec numbers: header line 8,192 bytes, block 16,384, 100 headers.</summary>
    [Theory]
    [InlineData("one long header line", 1, 9_000)]
    [InlineData("a long header block", 4, 5_000)]
    [InlineData("many headers", 120, 10)]
    [Spec("N.sip")]
    public async Task Message_HeadersOverALimit_RefusedAndClosed(string what, int headers, int size)
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);
        string more = string.Concat(Enumerable.Repeat($"X-More: {new string('x', size)}\r\n", headers));

        await sender.WriteAsync(Encoding.UTF8.GetBytes(sender.MessageText(bob.User, what).Replace("Max-Forwards", more + "Max-Forwards", StringComparison.Ordinal)));

        await sender.Closed.WaitAsync(Soon, TestContext.Current.CancellationToken);
        await NothingWaitsAsync(alice, bob);
    }

    [Fact]
    [Spec("E.body-size", "N.sip")]
    public async Task Message_BodyOverTheLimit_RefusedAndNothingStored()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        Assert.Equal(413, (await sender.SendAsync(bob.User, new string('x', 9_000))).Status);

        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Spec S2: the server checks again; one character more than 160 is refused, not cut.</summary>
    [Fact]
    [Spec("S2", "E.text")]
    public async Task Message_161Characters_413()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        Assert.Equal(413, (await sender.SendAsync(bob.User, new string('x', 161))).Status);
        Assert.Equal(202, (await sender.SendAsync(bob.User, new string('x', 160))).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \r\n ")]
    [InlineData("a\0b")]
    [Spec("S2", "E.text")]
    public async Task Message_EmptyBlankOrNul_400(string text)
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        Assert.Equal(400, (await sender.SendAsync(bob.User, text)).Status);

        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Spec S11: only a connection on which the sender registered may send.</summary>
    [Fact]
    [Spec("S11", "E.credentials")]
    public async Task Message_NotRegistered_RefusedAndNothingStored()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient stranger = await system.ConnectedAsync(alice);

        Assert.Equal(401, (await stranger.SendAsync(bob.User, "let me in")).Status);

        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Spec S11: From is the authenticated account.</summary>
    [Fact]
    [Spec("S11", "E.from")]
    public async Task Message_FromAnotherAccount_403()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        Assert.Equal(403, (await sender.SendAsync(bob.User, "I am bob", from: bob.User)).Status);

        await NothingWaitsAsync(alice, bob);
    }

    [Fact]
    [Spec("S1", "E.content-type")]
    public async Task Message_UnsupportedContentType_415WithAccept()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        SipText answer = await sender.SendAsync(bob.User, "<b>hi</b>", "text/html");

        Assert.Equal(415, answer.Status);
        Assert.Contains("text/plain", answer["Accept"], StringComparison.Ordinal);
        Assert.Equal(415, (await sender.SendAsync(bob.User, "hi", "text/plain;charset=iso-8859-1")).Status);
        await NothingWaitsAsync(alice, bob);
    }

    [Theory]
    [InlineData("nobody-at-all")]
    [InlineData("sip:someone@elsewhere.test")]
    [Spec("E.unknown")]
    public async Task Message_UnknownRecipient_404(string recipient)
    {
        (Account alice, _) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);

        Assert.Equal(404, (await sender.SendAsync(recipient, "anybody there?")).Status);
        Assert.True(system.IsUp);
    }

    /// <summary>Spec D: the same Call-ID, From tag and CSeq are the same message, with other text they are used for something else.</summary>
    [Fact]
    [Spec("D.one-id", "E.accepted", "E.id-reused")]
    public async Task Message_RepeatedAndThenWithOtherText_202Then400WithWarning()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient sender = await system.RegisteredAsync(alice);
        string message = sender.MessageText(bob.User, "once");
        string Again(string text) => text.Replace("branch=z9hG4bK", $"branch=z9hG4bK{Guid.NewGuid():N}", StringComparison.Ordinal);

        Assert.Equal(202, (await sender.RequestAsync(message)).Status);
        Assert.Equal(202, (await sender.RequestAsync(Again(message))).Status);
        SipText other = await sender.RequestAsync(Again(message.Replace("\r\n\r\nonce", "\r\n\r\nelse", StringComparison.Ordinal)));
        Assert.Equal(400, other.Status);
        Assert.NotEmpty(other["Warning"]);

        await using (SipClient phone = await system.RegisteredAsync(bob))
        {
            Assert.Equal("once", (await phone.ReceiveAsync(1))[0].Text);
        }

        await NothingWaitsAsync(alice, bob);
    }

    /// <summary>Spec S18, B1: a final refusal by the device ends the message as INVALID_DEVICE; the next one goes on.</summary>
    [Fact]
    [Spec("S18", "S26", "B1")]
    public async Task Delivery_DeviceAnswers488_InvalidDevice()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient phone = await system.RegisteredAsync(bob);
        phone.Answer = message => message.Text == "refuse me" ? 488 : 200;
        Guid refused = Guid.NewGuid();
        Guid taken = Guid.NewGuid();

        await system.Api(alice).SendAsync(refused, bob.User, "refuse me");
        await system.Api(alice).SendAsync(taken, bob.User, "take me");

        await system.Api(alice).UntilStateAsync(refused, "INVALID_DEVICE", Soon);
        await system.Api(alice).UntilStateAsync(taken, "DELIVERED", Soon);
    }

    /// <summary>Spec S8, S28 and "what real clients need": addresses, Call-ID, times and type of a delivered MESSAGE.</summary>
    [Fact]
    [Spec("S8", "S28", "D.sip-delivery", "R.attempt", "R.body", "R.from-to")]
    public async Task Delivery_Headers_AreTheAccountsAndStayTheSameOnEveryAttempt()
    {
        (Account alice, Account bob) = await TwoAsync();
        Guid id = Guid.NewGuid();
        await using (SipClient failing = await system.RegisteredAsync(bob))
        {
            failing.Answer = _ => 503;
            await system.Api(alice).SendAsync(id, bob.User, "hi");
            await failing.ReceiveAsync(1);
            await using SipClient phone = await system.RegisteredAsync(bob);
            SipText second = (await phone.ReceiveAsync(1))[0];
            SipText first = failing.Received.First();

            Assert.Equal((first["Call-ID"], first["From"], first["CSeq"], first["Date"], first["Expires"]), (second["Call-ID"], second["From"], second["CSeq"], second["Date"], second["Expires"]));
            Assert.NotEqual(first["Via"], second["Via"]);
            Assert.Matches($"^{id}\\.[0-9a-f]{{16}}@{JourneySystem.Domain}$", second["Call-ID"]);
            Assert.Contains($"<sip:{alice.User}@{JourneySystem.Domain}>", second["From"], StringComparison.Ordinal);
            Assert.Equal($"<sip:{bob.User}@{JourneySystem.Domain}>", second["To"]);
            Assert.Equal("259200", second["Expires"]);
            Assert.True(DateTime.TryParseExact(second["Date"], "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out _), second["Date"]);
            Assert.StartsWith("text/plain", second["Content-Type"], StringComparison.Ordinal);
            await system.Api(alice).UntilStateAsync(id, "DELIVERED", Soon);
        }
    }

    /// <summary>A connection that ends makes the account offline at once: the next message waits, it is not written into nothing.</summary>
    [Fact]
    [Spec("S16", "S38")]
    public async Task ConnectionEnds_AccountOfflineAtOnce()
    {
        (Account alice, Account bob) = await TwoAsync();
        await (await system.RegisteredAsync(bob)).DisposeAsync();
        Guid id = Guid.NewGuid();

        await system.Api(alice).SendAsync(id, bob.User, "while away");
        await using SipClient back = await system.RegisteredAsync(bob);

        Assert.Equal("while away", (await back.ReceiveAsync(1, TimeSpan.FromSeconds(5)))[0].Text);   // no retry timer of 30 s was needed
        await system.Api(alice).UntilStateAsync(id, "DELIVERED", Soon);
    }

    [Fact]
    [Spec("S13")]
    public async Task Unregister_ThenMessage_Waits()
    {
        (Account alice, Account bob) = await TwoAsync();
        await using SipClient phone = await system.RegisteredAsync(bob);
        Assert.Equal(200, (await phone.RegisterAsync(expires: 0)).Status);
        Guid id = Guid.NewGuid();

        await system.Api(alice).SendAsync(id, bob.User, "after unregistering");
        Assert.Equal("ENQUEUED", (await system.Api(alice).GetAsync(id)).State);
        Assert.Empty(phone.Received);

        Assert.Equal(200, (await phone.RegisterAsync()).Status);
        Assert.Equal("after unregistering", (await phone.ReceiveAsync(1))[0].Text);
    }

    /// <summary>RFC 5626 §4.4.1: a double CRLF is answered with CRLF at once.</summary>
    [Fact]
    [Spec("R.register")]
    public async Task Keepalive_DoubleCrlf_AnsweredWithCrlf()
    {
        (Account alice, _) = await TwoAsync();
        await using SipClient phone = await system.RegisteredAsync(alice);

        await phone.WriteAsync("\r\n\r\n"u8.ToArray());

        await Wait.UntilAsync(() => phone.Keepalives.Contains("pong"), Soon, "a pong");
    }

    [Theory]
    [InlineData("SHA-256")]
    [InlineData("MD5")]
    [Spec("N.registration", "R.digest", "R.register")]
    public async Task Register_EitherDigest_200AndRefreshWithoutChallenge(string algorithm)
    {
        (Account alice, _) = await TwoAsync();
        await using SipClient phone = await system.ConnectedAsync(alice);
        phone.Algorithm = algorithm;

        SipText answer = await phone.RegisterAsync();
        Assert.Equal(200, answer.Status);
        Assert.Contains("outbound", answer["Require"], StringComparison.Ordinal);
        Assert.NotEmpty(answer["Flow-Timer"]);
        Assert.Equal(200, (await phone.RequestAsync(phone.RegisterText(3600, null, null))).Status);
    }

    [Fact]
    public async Task Register_WrongPassword_NeverAccepted()
    {
        (Account alice, _) = await TwoAsync();
        await using SipClient phone = await system.ConnectedAsync(alice with { Password = "wrong" });

        Assert.Equal(401, (await phone.RegisterAsync()).Status);
    }

    /// <summary>Bytes that are no TLS end that connection alone.</summary>
    [Fact]
    [Spec("S7")]
    public async Task ClearText_Refused()
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync("127.0.0.1", system.SipPort, TestContext.Current.CancellationToken);
        NetworkStream stream = tcp.GetStream();
        await stream.WriteAsync("OPTIONS sip:example.test SIP/2.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        byte[] answer = new byte[64];
        int read = await stream.ReadAsync(answer, TestContext.Current.CancellationToken).AsTask().WaitAsync(Soon, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("SIP/2.0", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);   // at most a TLS alert
        (Account alice, _) = await TwoAsync();
        await using SipClient phone = await system.RegisteredAsync(alice);
    }

    private async Task<(Account Alice, Account Bob)> TwoAsync() => (await system.NewAccountAsync("alice"), await system.NewAccountAsync("bob"));

    /// <summary>The recipient registers and is sent one known message: had the refused one been stored, it would have come first.</summary>
    private async Task NothingWaitsAsync(Account sender, Account recipient)
    {
        Assert.True(system.IsUp);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await system.Api(sender).SendAsync(Guid.NewGuid(), recipient.User, "probe")).Status);
        await using SipClient phone = await system.RegisteredAsync(recipient);
        Assert.Equal("probe", (await phone.ReceiveAsync(1))[0].Text);
    }
}
