using System.Net;
using System.Net.Sockets;
using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Edge.Sip.Transport;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>What one client address may do at an edge.</summary>
[Spec("N.quotas", "P7")]
public sealed class AddressLimitsTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private readonly AddressLimits _limits;

    public AddressLimitsTests() => _limits = Create(new SipOptions());

    [Fact]
    public void Defaults_AreTheSpecs()
    {
        Assert.Equal((2_000, AddressVerdict.TooFast), Open(One, 2_001));
        for (int second = 1; second < 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal((2_000, AddressVerdict.Admitted), Open(One, 2_000));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0, AddressVerdict.TooMany), Open(One, 1));
        Assert.Equal((1, AddressVerdict.Admitted), Open(Other, 1));
        for (int i = 0; i < 59; i++) _limits.CountFailure(One);
        Assert.Equal(0, _limits.SecondsLocked(One));
        _limits.CountFailure(One);
        Assert.Equal((60, 0), (_limits.SecondsLocked(One), _limits.SecondsLocked(Other)));
    }

    [Fact]
    public void Connections_OneEnds_AnotherMayCome()
    {
        _limits.Change(2, 100, 60);
        Assert.Equal((2, AddressVerdict.TooMany), Open(One, 3));
        _limits.Close(One);
        Assert.Equal((1, AddressVerdict.TooMany), Open(One, 2));
        _limits.Change(3, 0, 0);   // 0: as before
        Assert.Equal((1, AddressVerdict.TooMany), Open(One, 2));
    }

    /// <summary>A second begins with its first connection, and going away in between forgives nothing.</summary>
    [Fact]
    public void Rate_ASecondLater_StartsAnew()
    {
        _limits.Change(10, 2, 60);
        OpenAndClose(One, 2);
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal((0, AddressVerdict.TooFast), Open(One, 1));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((2, AddressVerdict.TooFast), Open(One, 3));
    }

    [Fact]
    public void Failures_AMinuteAfterTheFirst_AreForgiven()
    {
        _limits.Change(10, 10, 2);
        Open(One, 1);
        _limits.CountFailure(One);
        _time.Advance(TimeSpan.FromSeconds(20));
        _limits.CountFailure(One);
        _limits.Close(One);
        OpenAndClose(One, 1);   // a new connection is the same address
        Assert.Equal(40, _limits.SecondsLocked(One));
        _time.Advance(TimeSpan.FromMilliseconds(39_001));
        Assert.Equal(1, _limits.SecondsLocked(One));
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, _limits.SecondsLocked(One));
    }

    [Theory]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("0.0.0.1", "::1", false)]
    public void Address_Ipv4OrA64OfIpv6_IsOne(string one, string other, bool same)
    {
        _limits.Change(1, 10, 60);
        Open(IPAddress.Parse(one), 1);
        Assert.Equal(same ? AddressVerdict.TooMany : AddressVerdict.Admitted, _limits.TryOpen(IPAddress.Parse(other)));
    }

    [Fact]
    public void Loopback_Exempt_IsNotCounted()
    {
        AddressLimits limits = Create(new SipOptions { ExemptLoopback = true });
        limits.Change(1, 1, 1);
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            Assert.Equal((AddressVerdict.Admitted, AddressVerdict.Admitted), (limits.TryOpen(address), limits.TryOpen(address)));
            limits.CountFailure(address);
            Assert.Equal(0, limits.SecondsLocked(address));
            limits.Close(address);
        }

        Assert.Equal(0, limits.Count);
    }

    [Fact]
    public void Entries_WithoutConnections_AreForgottenAfterAMinute()
    {
        OpenAndClose(One, 3);
        Open(Other, 1);
        _time.Advance(TimeSpan.FromSeconds(30));
        OpenAndClose(One, 1);
        _time.Advance(TimeSpan.FromSeconds(59));
        OpenAndClose(IPAddress.Parse("192.0.2.3"), 1);
        Assert.Equal(3, _limits.Count);
        _time.Advance(TimeSpan.FromSeconds(1));
        OpenAndClose(IPAddress.Parse("192.0.2.3"), 1);
        Assert.Equal(2, _limits.Count);
        _limits.Close(Other);
        _time.Advance(TimeSpan.FromHours(1));
        Open(One, 1);
        Assert.Equal(1, _limits.Count);
    }

    [Fact]
    public void Entries_OfVeryManyAddresses_StayBounded()
    {
        Open(Other, 1);
        byte[] address = new byte[16];
        for (int i = 0; i < AddressLimits.MostIdle + 1_000; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(address, 0x20010000 + i);
            OpenAndClose(new IPAddress(address), 1);
        }

        Assert.InRange(_limits.Count, AddressLimits.MostIdle - 1, AddressLimits.MostIdle + 1);
        _limits.Change(1, 10, 60);
        Assert.Equal(AddressVerdict.TooMany, _limits.TryOpen(Other));   // one with a connection is never forgotten
    }

    [Fact]
    public async Task Connections_OverTheLimitOfTheWelcome_AreClosedBeforeTls()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core => core.Welcome.Limits = new EdgeLimits { Connections = 2, ConnectionsPerSecond = 100 });
        SipClient bob = await edge.RegisteredAsync();
        SipClient carol = await edge.RegisteredAsync("carol");
        await RefusedAsync(edge, "address_connections");
        await edge.Core.SendAsync(new CoreEvent { EdgeLimits = new EdgeLimits { Connections = 3 } });   // the operator raises it
        Assert.Equal(202, (await carol.SendAsync("alice", "hi")).Status);   // the core's answer comes behind it on the link
        await edge.ConnectAsync("eve");
        await RefusedAsync(edge, "address_connections", times: 2);
        await bob.DisposeAsync();
        await Until.TrueAsync(() => edge.Sessions == 2, "a place is free");
        await edge.RegisteredAsync("dave");
    }

    [Fact]
    public async Task Connections_OverTheRate_AreClosedBeforeTls()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.Welcome.Limits = new EdgeLimits { ConnectionsPerSecond = 2 });
        SipClient bob = await edge.RegisteredAsync();
        await edge.RegisteredAsync("carol");
        await RefusedAsync(edge, "address_rate");
        await edge.MoveAsync(TimeSpan.FromSeconds(1));
        await edge.RegisteredAsync("dave");
        Assert.Equal(200, (await bob.RegisterAsync()).Status);   // connections that stand are not touched
    }

    [Fact]
    public async Task Connections_FromExemptLoopback_AreNotLimited()
    {
        await using TestEdge edge = await TestEdge.StartAsync(
            core: core => core.Welcome.Limits = new EdgeLimits { Connections = 1, ConnectionsPerSecond = 1, FailedAuthenticationsPerMinute = 1 }, settings: "Sip:ExemptLoopback=true");
        for (int i = 0; i < 3; i++) await edge.RegisteredAsync($"bob-{i}");
    }

    [Fact]
    [Spec("E.credentials", "N.registration")]
    public async Task Failures_OverTheLimit_RefuseCredentialsUntilTheMinuteIsOver()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.Welcome.Limits = new EdgeLimits { FailedAuthenticationsPerMinute = 3 });
        SipClient bob = await edge.RegisteredAsync();
        SipClient mallory = await edge.ConnectAsync("mallory");
        mallory.Password = "wrong";
        for (int i = 0; i < 3; i++) Assert.Equal(401, (await mallory.RegisterAsync()).Status);
        int asked = edge.Core.Count(happened => happened.Register);

        await edge.MoveAsync(TimeSpan.FromSeconds(10));
        SipText refused = await mallory.RegisterAsync();
        Assert.Equal((403, true), (refused.Status, int.Parse(refused["Retry-After"], null) is > 45 and <= 50));
        SipClient carol = await edge.ConnectAsync("carol");   // from the same address, with the right password
        Assert.Equal(403, (await carol.RegisterAsync()).Status);
        Assert.Equal((asked, 2), (edge.Core.Count(happened => happened.Register), edge.Sum("edge.registers/address_locked_out")));

        Assert.Equal(200, (await bob.RegisterAsync()).Status);   // a running registration is renewed,
        Assert.Equal(202, (await bob.SendAsync("alice", "hi")).Status);   // sends,
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", 1) });
        await bob.ReceiveAsync(1);   // and receives
        await edge.MoveAsync(TimeSpan.FromSeconds(50));
        SipClient dave = await edge.ConnectAsync("dave");
        Assert.Equal(200, (await dave.RegisterAsync()).Status);
    }

    /// <summary>A running registration may also prove itself anew, when its ticket's 24 hours are over.</summary>
    [Fact]
    [Spec("N.registration")]
    public async Task Failures_OverTheLimit_ARunningRegistrationMayProveItselfAnew()
    {
        await using TestEdge edge = await TestEdge.StartAsync(core: core =>
        {
            core.Welcome.Limits = new EdgeLimits { FailedAuthenticationsPerMinute = 1 };
            core.OnRegister = (_, answer) =>
            {
                answer.TicketExpireTimeMs = core.NowMs + 30_000;   // too short for another registration of 60 s
                return answer;
            };
        });
        SipClient bob = await edge.RegisteredAsync();
        SipClient mallory = await edge.ConnectAsync("mallory");
        mallory.Password = "wrong";
        Assert.Equal(401, (await mallory.RegisterAsync()).Status);
        Assert.Equal(403, (await mallory.RegisterAsync()).Status);
        Assert.Equal(200, (await bob.RegisterAsync()).Status);
        Assert.Equal(2, edge.Core.Events.Count(happened => happened.Register?.User == "bob"));
    }

    [Fact]
    public void Asks_OverTheLimit_AreRefusedUntilOneIsAnswered()
    {
        AddressLimits limits = Create(new SipOptions { RegistersPerAddress = 2 });
        foreach (IPAddress address in new[] { One, Other }) Assert.Equal(AddressVerdict.Admitted, limits.TryOpen(address));
        Assert.Equal((true, true, false, true), (limits.TryAsk(One), limits.TryAsk(One), limits.TryAsk(One), limits.TryAsk(Other)));
        limits.EndAsk(One);
        Assert.Equal((true, false), (limits.TryAsk(One), limits.TryAsk(One)));
    }

    /// <summary>A core that is slow is not filled with the guesses of one address; those that it does not answer count for as long as it may.</summary>
    [Fact]
    public async Task Registers_UnansweredOfOneAddress_AreBounded()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.OnRegister = (_, _) => null, settings: "Sip:RegistersPerAddress=2");
        SipClient alice = await edge.ConnectAsync("alice"), bob = await edge.ConnectAsync(), carol = await edge.ConnectAsync("carol");
        Task<SipText>[] waiting = [alice.RegisterAsync(), bob.RegisterAsync()];
        await Until.TrueAsync(() => edge.Core.Count(happened => happened.Register) == 2, "the core is asked");
        SipText refused = await carol.RegisterAsync();
        Assert.Equal((503, "5"), (refused.Status, refused["Retry-After"]));
        Assert.Equal((1, 1, 2), (edge.Sum("edge.requests.refused/address_busy"), edge.Sum("edge.registers/busy"), edge.Core.Count(happened => happened.Register)));

        await edge.MoveUntilAsync(() => waiting.All(static one => one.IsCompleted), TimeSpan.FromSeconds(10), "given up");
        edge.Core.OnRegister = (_, answer) => answer;
        Assert.Equal(200, (await carol.RegisterAsync()).Status);
    }

    private static async Task RefusedAsync(TestEdge edge, string cause, int times = 1)
    {
        using TcpClient tcp = await edge.ConnectRawAsync();
        Assert.Equal(0, await tcp.GetStream().ReadAsync(new byte[1]));
        Assert.Equal(times, edge.Sum($"edge.connections.refused/{cause}"));
    }

    private (int Admitted, AddressVerdict Last) Open(IPAddress address, int times)
    {
        int admitted = 0;
        AddressVerdict last = default;
        for (int i = 0; i < times; i++)
        {
            last = _limits.TryOpen(address);
            if (last == AddressVerdict.Admitted) admitted++;
        }

        return (admitted, last);
    }

    private void OpenAndClose(IPAddress address, int times)
    {
        for (int i = 0; i < times; i++)
        {
            Assert.Equal(AddressVerdict.Admitted, _limits.TryOpen(address));
            _limits.Close(address);
        }
    }

    private AddressLimits Create(SipOptions options) => new(options, new EdgeClock(_time));
}
