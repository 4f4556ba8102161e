using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using Edge.Link.V1;
using Edge.Sip.CoreLink;
using Edge.Sip.CoreLink.Carriers;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.CoreLink;

/// <summary>What a link promises, whatever carries it.</summary>
public abstract class CoreLinkTests(string transport)
{
    [Fact]
    public async Task Hello_SaysWhoTheEdgeIs()
    {
        await using TestEdge edge = await StartAsync();
        Hello hello = await edge.Core.SeenAsync(happened => happened.Hello);
        Assert.Equal(("edge-1", 16, 1u), (hello.EdgeId, hello.Instance.Length, hello.Protocol));
        Assert.Equal("edge-1", edge.Core.EdgeName);
    }

    [Fact]
    public async Task Link_CoreOfAnotherCa_IsNotUsed()
    {
        await using TestEdge edge = await StartAsync(waitForLink: false, settings: ["Core:CaFile={pki}sip.pem"]);
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(503, (await bob.RegisterAsync()).Status);
        Assert.Equal(0, edge.Core.Streams);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("of another name or address")]
    [InlineData("of another authority")]
    [InlineData("of an edge")]
    [Spec("S7")]
    public async Task Link_CoreThatDoesNotProveItself_IsNotUsed(string certificate)
    {
        foreach (string host in (string[])["127.0.0.1", "localhost"])
        {
            await using TestEdge edge = await StartAsync(
                waitForLink: false,
                certificates: pki => pki.IssueCore(
                    certificate == "expired", certificate == "of another name or address", certificate == "of another authority", certificate == "of an edge" ? "edge" : "core"),
                host: host);
            SipClient bob = await edge.ConnectAsync();
            Assert.Equal(503, (await bob.RegisterAsync()).Status);
            Assert.Equal((0, 0), (edge.Core.Streams, edge.Links.UpCount));
        }
    }

    /// <summary>Where localhost is also ::1, at which no core listens, this is the host's second address too.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [Spec("S7")]
    public async Task Link_CoreByNameAndByAddress_IsUsed(string host)
    {
        await using TestEdge edge = await StartAsync(host: host);
        Assert.Equal(200, (await (await edge.ConnectAsync()).RegisterAsync()).Status);
    }

    [Fact]
    public async Task Link_EdgeOfAnotherCa_IsRefused()
    {
        await using TestEdge edge = await StartAsync(waitForLink: false, settings: ["Core:CertificateFile={pki}stranger.pem", "Core:KeyFile={pki}stranger.key"]);
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(503, (await bob.RegisterAsync()).Status);
        Assert.Equal(0, edge.Core.Streams);
    }

    [Fact]
    [Spec("S7")]
    public async Task LinkCertificate_Replaced_ShownFromTheNextLinkOn()
    {
        await using TestEdge edge = await StartAsync();
        string serial = edge.Core.EdgeSerial!;
        edge.Pki.IssueEdge();
        await MakeAnewAsync(edge);
        Assert.NotEqual(serial, edge.Core.EdgeSerial);
        Assert.Equal((1L, 0L), (edge.Sum("edge.link.certificate.reads/taken"), edge.Sum("edge.link.certificate.reads/refused")));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("no PEM")]
    [InlineData("another's key")]
    [InlineData("expired")]
    [InlineData("no authority")]
    [Spec("S7")]
    public async Task LinkCertificate_ReplacedByWhatCannotBeUsed_OldOneStaysAndItIsTold(string what)
    {
        await using TestEdge edge = await StartAsync();
        string serial = edge.Core.EdgeSerial!;
        if (what == "missing") File.Delete(edge.Pki.PathOf("edge.key"));
        else if (what == "no PEM") await File.WriteAllTextAsync(edge.Pki.PathOf("edge.pem"), "hello");
        else if (what == "another's key") File.Copy(edge.Pki.PathOf("core.key"), edge.Pki.PathOf("edge.key"), overwrite: true);
        else if (what == "expired") edge.Pki.IssueEdge(expired: true);
        else await File.WriteAllTextAsync(edge.Pki.PathOf("link-ca.pem"), "hello");
        await MakeAnewAsync(edge);
        Assert.Equal(serial, edge.Core.EdgeSerial);
        Assert.Equal((0L, 1L), (edge.Sum("edge.link.certificate.reads/taken"), edge.Sum("edge.link.certificate.reads/refused")));
    }

    [Fact]
    [Spec("S7")]
    public async Task Start_LinkCertificateHasEnded_Refused()
    {
        using TestPki pki = new();
        pki.IssueEdge(expired: true);
        CryptographicException fault = await Assert.ThrowsAsync<CryptographicException>(
            () => StartAsync(settings: [$"Core:CertificateFile={pki.PathOf("edge.pem")}", $"Core:KeyFile={pki.PathOf("edge.key")}"]));
        Assert.Contains("renew it", fault.Message, StringComparison.Ordinal);
    }

    private protected static async Task MakeAnewAsync(TestEdge edge)
    {
        int streams = edge.Core.Streams;
        edge.Core.Cut();
        await Until.TrueAsync(() => edge.Core.Streams > streams && edge.Links.UpCount == 1, "the next link is up");
    }

    [Fact]
    public async Task Cut_IsFollowedByASnapshotWithTheSameInstance()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 5) });
        await bob.ReceiveAsync(1);
        edge.Core.Cut();
        Refresh refresh = await edge.Core.SeenAsync(happened => happened.Refresh);
        Assert.Equal((flow, "bob", "ticket of bob", 5L, false), (refresh.Flow, refresh.User, refresh.Ticket.ToStringUtf8(), refresh.After, refresh.ByClient));
        Assert.InRange(refresh.ExpiresSeconds, 3_500u, 3_600u);
        Hello[] hellos = [.. edge.Core.Events.Where(e => e.Hello is not null).Select(e => e.Hello)];
        Assert.Equal(hellos[0].Instance, hellos[1].Instance);
        Assert.Equal(1, edge.Sum("edge.link.cuts"));
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);   // the client has noticed nothing
    }

    [Fact]
    [Spec("S25")]
    public async Task Reports_NotConfirmed_AreSentAgainAfterACut()
    {
        bool confirm = false;
        await using TestEdge edge = await StartAsync();
        edge.Core.OnReport = report => confirm ? new Reported { Number = report.Number } : null;
        SipClient bob = await edge.RegisteredAsync();
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 5) });
        await edge.Core.SeenAsync(happened => happened.DeliveryReport);
        confirm = true;
        edge.Core.Cut();
        await Until.TrueAsync(() => edge.Links.Unconfirmed == 0, "confirmed by the second stream");
        Assert.Equal(2, edge.Core.Count(happened => happened.DeliveryReport));
        Assert.Single(bob.Received);
    }

    [Fact]
    public async Task Unregister_WhileTheCoreIsDown_IsToldWhenItIsBack()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        edge.Core.Refuses = true;
        edge.Core.Cut();
        await Until.TrueAsync(() => edge.Links.UpCount == 0, "link down");
        await bob.DisposeAsync();
        await Until.TrueAsync(() => edge.Links.Unconfirmed == 1, "unregistration kept");
        edge.Core.Refuses = false;
        await edge.Core.SeenAsync(happened => happened.Unregister);
        await Until.TrueAsync(() => edge.Links.Unconfirmed == 0, "confirmed");
    }

    [Fact]
    public async Task Answer_AfterTheConnectionsEnd_UnregistersWhatItBound()
    {
        using SemaphoreSlim answer = new(0);
        await using TestEdge edge = await StartAsync(core: core => core.OnRegister = (_, registered) =>
        {
            answer.Wait();
            return registered;
        });
        SipClient bob = await edge.ConnectAsync();
        Task<SipText> registering = bob.RegisterAsync();
        await edge.Core.SeenAsync(happened => happened.Register);
        await bob.DisposeAsync();
        await Until.TrueAsync(() => edge.Sessions == 0, "connection ended");
        answer.Release();
        await Until.TrueAsync(() => edge.Core.Count(happened => happened.Unregister) >= 2, "told at the end, and again after the answer");
        await Assert.ThrowsAnyAsync<Exception>(() => registering);
    }

    [Fact]
    public async Task NonceKeys_New_OldNoncesStillVerify()
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.ConnectAsync();
        SipText challenge = await bob.RequestAsync(bob.RegisterText(3600, null, null));
        await edge.Core.SendAsync(new CoreEvent
        {
            NonceKeys = new NonceKeys { Keys = { Google.Protobuf.ByteString.CopyFromUtf8("a new key"), edge.Core.Welcome.NonceKeys.Keys[0] } },
        });
        SipText answer = await bob.RequestAsync(bob.RegisterText(3600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test")));
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task Link_SilentFor15Seconds_IsMadeAgain()
    {
        await using TestEdge edge = await StartAsync(moveTime: true);
        await edge.MoveAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(1, edge.Core.Streams);   // heartbeats keep it
        edge.Core.Silent = true;
        await edge.MoveUntilAsync(() => edge.Core.Streams == 2, TimeSpan.FromSeconds(20), "a new stream");
    }

    [Fact]
    public async Task Refresh_UnansweredOnALinkThatIsCut_GoesToAnotherCoreAsTheClients()
    {
        await using TestEdge edge = await StartAsync(twoCores: true);
        edge.Core.OnRefresh = edge.OtherCore!.OnRefresh = _ => null;
        SipClient bob = await edge.RegisteredAsync();
        (FakeCore dying, FakeCore standing) = edge.Core.Count(happened => happened.Register) > 0 ? (edge.Core, edge.OtherCore) : (edge.OtherCore, edge.Core);
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await dying.SeenAsync(happened => happened.Refresh);
        dying.Refuses = true;
        dying.Cut();
        Refresh refresh = await standing.SeenAsync(happened => happened.Refresh);
        Assert.Equal(("bob", true), (refresh.User, refresh.ByClient));
    }

    [Fact]
    public async Task Refresh_UnansweredBeforeTheSnapshot_IsStillTheClients()
    {
        bool answer = false;
        await using TestEdge edge = await StartAsync();
        Func<Refresh, Refreshed?> bound = edge.Core.OnRefresh;
        edge.Core.OnRefresh = refresh => answer ? bound(refresh) : null;
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        await edge.Core.SeenAsync(happened => happened.Refresh);
        for (int streams = 2; streams <= 4; streams++)
        {
            answer = streams == 3;   // the second snapshot is answered; nothing of the client's is left for the third
            int before = edge.Core.Count(happened => happened.Refresh);
            edge.Core.Cut();
            await Until.TrueAsync(() => edge.Core.Streams == streams && edge.Core.Count(happened => happened.Refresh) > before, "snapshot");
            Assert.Equal(streams < 4, edge.Core.Events.Last(happened => happened.Refresh is not null).Refresh.ByClient);
            if (answer) await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
            if (answer) await bob.ReceiveAsync(1);   // so the answer before it has been taken
        }
    }

    [Fact]
    public async Task Register_BehindAnUnconfirmedUnregister_IsConfirmedAgainWhenThatHasTakenEffect()
    {
        await using TestEdge edge = await StartAsync(moveTime: true, core: core => core.OnUnregister = _ => null);   // slow, or on another stream
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(0, null, null))).Status);
        await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal(200, (await bob.RegisterAsync()).Status);
        await edge.MoveAsync(TimeSpan.FromSeconds(19));
        Assert.Equal(0, edge.Core.Count(happened => happened.Refresh));
        await edge.MoveUntilAsync(() => edge.Core.Count(happened => happened.Refresh) == 1, TimeSpan.FromSeconds(3), "the binding is said again");
        Assert.Equal(1, edge.Core.Count(happened => happened.Unregister));
    }

    [Fact]
    public async Task Snapshot_OfMany_GoesInWindowsAndLiveEventsBetweenThem()
    {
        const int Many = Snapshot.Window + 40;
        ConcurrentQueue<Refresh> held = new();
        await using TestEdge edge = await StartAsync();
        Func<Refresh, Refreshed?> bound = edge.Core.OnRefresh;
        SipClient bob = await edge.RegisteredAsync();
        for (int client = 0; client < Many / 16; client++)   // 16 accounts a connection
        {
            SipClient one = await edge.ConnectAsync("u0");
            for (int i = 0; i < 16; i++)
            {
                one.User = $"u{i}";
                Assert.Equal(200, (await one.RegisterAsync()).Status);
            }
        }

        edge.Core.OnRefresh = refresh =>
        {
            held.Enqueue(refresh);
            return null;
        };
        edge.Core.Cut();
        await Until.TrueAsync(() => held.Count >= Snapshot.Window, "the first window");
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);   // not behind the rest
        Assert.InRange(held.Count, Snapshot.Window, Snapshot.Window + 15);   // whole connections
        int answered = 0;
        await Until.TrueAsync(
            () =>
            {
                for (; held.TryDequeue(out Refresh? refresh); answered++) edge.Core.SendAsync(new CoreEvent { Refreshed = bound(refresh)! }).Wait();
                return answered == 1 + (Many / 16 * 16);
            },
            "all of them, as the ones before are answered");
        Assert.Equal(answered, edge.Core.Events.Where(happened => happened.Refresh is not null).Select(happened => (happened.Refresh.Flow, happened.Refresh.User)).Distinct().Count());
    }

    [Fact]
    [Spec("N.sip")]
    public async Task Link_MessageOver128KiB_IsMadeAgain()
    {
        await using TestEdge edge = await StartAsync();
        CoreEvent Keys(int bytes) => new() { NonceKeys = new NonceKeys { Keys = { edge.Core.Welcome.NonceKeys.Keys[0], Google.Protobuf.ByteString.CopyFrom(new byte[bytes]) } } };
        await edge.Core.SendAsync(Keys(128 * 1_024 - 200));
        SipClient bob = await edge.RegisteredAsync();
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        await bob.ReceiveAsync(1);
        Assert.Equal(1, edge.Core.Streams);
        _ = await Record.ExceptionAsync(() => edge.Core.SendAsync(Keys(128 * 1_024)));   // the edge may be gone before the write's end
        await Until.TrueAsync(() => edge.Core.Streams == 2, "a new stream");
    }

    /// <summary>A batch that breaks off, two answers and a delivery that do, and a field of an impossible type: the link is made anew, and what is said on it then is heard.</summary>
    [Theory]
    [InlineData("0A05")]
    [InlineData("0A021A7F")]
    [InlineData("0A0432020880")]
    [InlineData("0A042A02127F")]
    [InlineData("0A010F")]
    [Spec("N.sip")]
    public async Task Link_MessageThatIsNoBatch_IsMadeAgain(string message)
    {
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        _ = await Record.ExceptionAsync(() => edge.Core.SendAsync(Convert.FromHexString(message)));   // the edge may be gone before the write's end
        await Until.TrueAsync(() => edge.Core.Streams == 2 && edge.Links.UpCount == 1, "a new stream");
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        await bob.ReceiveAsync(1);
    }

    /// <summary>What waits for such a core has a bound, its clients are told to try again, and the link is made anew although the core goes on talking.</summary>
    [Fact]
    [Spec("P7")]
    public async Task Core_ReadsNothingAndTalksOn_MemoryStaysBoundedAndTheLinkIsMadeAnew()
    {
        const int MostQueued = 500_000;
        await using TestEdge edge = await StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        edge.Core.ReadsNothing = edge.Core.Silent = true;
        EdgeEvent large = new() { Submit = new Submit { Request = ulong.MaxValue, ClientKey = "k", Text = Google.Protobuf.ByteString.CopyFrom(new byte[4_096]) } };
        ICoreLink link = edge.Links.Pick("bob"u8)!;
        int queued = 0;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Until.TrueAsync(
            () =>
            {
                while (queued <= 2 * MostQueued + 2_000 && link.Post(large)) queued++;   // 4 GB, if they were all written out
                return !link.Post(large);
            },
            "a full queue");
        Assert.InRange(queued, MostQueued, 2 * MostQueued + 2_000);   // one list that is being written, one that fills up, and what core and kernel hold
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 512L * 1_048_576, "bounded, with what other tests use meanwhile");
        Assert.Equal(503, (await bob.SendAsync("alice", "hi")).Status);

        ulong flow = edge.FlowOf("bob");
        for (int sequence = 1; sequence <= 2; sequence++)
        {
            await edge.MoveAsync(TimeSpan.FromSeconds(6));
            await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", sequence, sequence - 1) });
            await bob.ReceiveAsync(1);
            Assert.Equal((1, 1), (edge.Core.Streams, edge.Links.UpCount));
        }

        edge.Core.ReadsNothing = false;   // the stream that is there stays as it is
        await edge.MoveUntilAsync(() => edge.Core.Streams == 2 && edge.Links.UpCount == 1, TimeSpan.FromSeconds(6), "a link that is read");
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);
    }

    /// <summary>A test's edge by this carrier.</summary>
    private protected Task<TestEdge> StartAsync(
        bool moveTime = false, Action<FakeCore>? core = null, bool waitForLink = true, bool twoCores = false, Action<TestPki>? certificates = null, string host = "127.0.0.1", string[]? settings = null) =>
        TestEdge.StartAsync(moveTime, core, waitForLink, twoCores, certificates: certificates, host: host, settings: [$"Sip:Transport={transport}", .. settings ?? []]);
}

/// <summary>By nghttp2 on a reactor.</summary>
public sealed class CoreLinkOnReactorTests() : CoreLinkTests("Native")
{
    [Fact]
    [Spec("S7")]
    public async Task LinkCertificate_ReplacedByOneThatOpenSslRefuses_OldOneStaysAndItIsTold()
    {
        await using TestEdge edge = await StartAsync();
        string serial = edge.Core.EdgeSerial!;
        edge.Pki.IssueWeakEdge();   // .NET reads it
        await MakeAnewAsync(edge);
        Assert.Equal(serial, edge.Core.EdgeSerial);
        Assert.Equal((0L, 1L), (edge.Sum("edge.link.certificate.reads/taken"), edge.Sum("edge.link.certificate.reads/refused")));
    }

    /// <summary>Each of them needs a write of its own, for the next one waits for its answer.</summary>
    [Fact]
    public async Task Link_MessagesOneAfterTheOther_EachWaitsForItsPace()
    {
        const int Messages = 50;
        await using TestEdge edge = await StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < Messages; i++) Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);
        Assert.True(Stopwatch.GetElapsedTime(began) >= (Messages - 1) * NativeLink.Pace);
    }
}

/// <summary>By gRPC's own client.</summary>
public sealed class CoreLinkOnGrpcTests() : CoreLinkTests("Portable");
