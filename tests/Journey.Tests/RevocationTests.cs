using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Who knew the old password, or had an account that is gone, is out at once, with all devices.</summary>
public class RevocationTests(JourneySystem system)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);   // spec, Numbers

    [Fact]
    [Spec("N.presence", "S11")]
    public async Task Account_NewPassword_ConnectionsEndAndOnlyTheNewOneRegisters()
    {
        Account bob = await system.NewAccountAsync("bob"), alice = await system.NewAccountAsync("alice");
        await using SipClient phone = await system.RegisteredAsync(bob), tablet = await system.RegisteredAsync(bob), other = await system.RegisteredAsync(alice);
        Account renewed = await system.NewPasswordAsync(bob);
        await Task.WhenAll(phone.Closed, tablet.Closed).WaitAsync(Soon, TestContext.Current.CancellationToken);
        Guid id = Guid.NewGuid();
        Assert.Equal("ENQUEUED", (await system.Api(alice).SendAsync(id, bob.User, "for who knows the new one")).State);

        await using SipClient thief = await system.ConnectedAsync(bob), owner = await system.ConnectedAsync(renewed);
        Assert.Equal(401, (await thief.RegisterAsync()).Status);
        Assert.Equal(200, (await owner.RegisterAsync()).Status);
        Assert.Equal("for who knows the new one", (await owner.ReceiveAsync(1))[0].Text);
        Assert.Equal(200, (await other.RequestAsync(other.PlainText("OPTIONS"))).Status);
    }

    [Fact]
    [Spec("D.accounts", "S11")]
    public async Task Account_Deleted_ConnectionsEndAndNothingRegisters()
    {
        Account bob = await system.NewAccountAsync("bob");
        await using SipClient phone = await system.RegisteredAsync(bob);
        await system.DeleteAccountAsync(bob);
        await phone.Closed.WaitAsync(Soon, TestContext.Current.CancellationToken);
        await using SipClient again = await system.ConnectedAsync(bob);
        Assert.Equal(401, (await again.RegisterAsync()).Status);
    }
}

/// <summary>The same over the portable transport.</summary>
public sealed class RevocationOnPortableTests(PortableSystem system) : RevocationTests(system), IClassFixture<PortableSystem>;
