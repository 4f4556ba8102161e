using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Registrar;

/// <summary>A new password, or a deleted account: the core says so, and the account's registration ends at once.</summary>
[Spec("S11")]
public sealed class RevokedTests
{
    [Fact]
    public async Task Revoked_TheOnlyAccount_ConnectionEndsAndTheCoreIsTold()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        await edge.RegisteredAsync();
        SipClient alice = await edge.RegisteredAsync("alice");
        await edge.Core.SendAsync(Revoked(edge, "bob", "bob"));
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/revoked") == 1, "bob's connection ended");
        await Until.TrueAsync(() => edge.Core.Count(happened => happened.Unregister) == 1, "the core was told");
        Assert.Equal(1, edge.Sum("edge.registrations"));
        Assert.Equal(200, (await alice.RequestAsync(alice.PlainText("OPTIONS"))).Status);
        Assert.Equal(200, (await (await edge.ConnectAsync()).RegisterAsync()).Status);   // who knows the new password comes back
    }

    [Fact]
    public async Task Revoked_OneOfTwoAccounts_TheOtherStaysAndItMustProveItselfAnew()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        await AlsoRegisterAliceAsync(bob);
        await edge.Core.SendAsync(Revoked(edge, "bob", "bob"));
        await Until.TrueAsync(() => edge.Sum("edge.registrations") == 1, "one is left");
        Assert.Equal(401, (await bob.RequestAsync(bob.RegisterText(600, null, null))).Status);
        Assert.Equal(0, edge.Sum("edge.connections.ended/revoked"));
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(edge.FlowOf("alice"), "alice", 1) });
        Assert.Equal("MESSAGE", (await bob.NextRequestAsync()).Method);
    }

    [Fact]
    public async Task Revoked_NobodyNamed_EveryAccountOfTheConnection()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        await AlsoRegisterAliceAsync(bob);
        await edge.Core.SendAsync(Revoked(edge, "bob", string.Empty));
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/revoked") == 1, "ended");
        await Until.TrueAsync(() => edge.Sum("edge.registrations") == 0, "nobody is left");
    }

    [Theory]
    [InlineData(false, "bob")]     // a flow that is not there
    [InlineData(true, "carol")]    // an account that is not on it
    public async Task Revoked_OfNobodyHere_ChangesNothing(bool known, string user)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        ulong flow = edge.FlowOf("bob");
        await edge.Core.SendAsync(new CoreEvent { Revoked = new Revoked { Flow = known ? flow : flow + 1_000, User = user } });
        await edge.Core.SendAsync(new CoreEvent { Delivery = edge.Core.Delivery(flow, "bob", 1) });
        Assert.Equal("MESSAGE", (await bob.NextRequestAsync()).Method);
    }

    private static async Task AlsoRegisterAliceAsync(SipClient bob)
    {
        bob.User = "alice";
        Assert.Equal(200, (await bob.RegisterAsync()).Status);
        bob.User = "bob";
    }

    private static CoreEvent Revoked(TestEdge edge, string flowOf, string user) => new() { Revoked = new Revoked { Flow = edge.FlowOf(flowOf), User = user } };
}
