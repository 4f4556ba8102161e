using System.Net;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>Somebody has a whole REGISTER of Alice's, digest and all, and sends it again: it is good on no other connection, whenever that begins.</summary>
public class ReplayTests(JourneySystem system)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    [Spec("S11", "R.digest")]
    public async Task Register_CapturedAndSentOnAnotherConnection_IsStaleAndBindsNothing()
    {
        (Account alice, Account mallory) = (await system.NewAccountAsync("alice"), await system.NewAccountAsync("mallory"));
        await using SipClient phone = await system.ConnectedAsync(alice);
        string captured = await CaptureAsync(phone);
        await using SipClient registered = await system.RegisteredAsync(mallory);
        await using SipClient fresh = await system.ConnectedAsync(mallory);

        foreach (SipClient other in (SipClient[])[registered, fresh])
        {
            await StaleAsync(other, captured);
            await StaleAsync(other, captured);
        }

        Assert.Equal(HttpStatusCode.OK, (await system.Api(mallory).SendAsync(Guid.NewGuid(), alice.User, "for Alice")).Status);
        Assert.Equal("for Alice", (await phone.ReceiveAsync(1))[0].Text);
        Assert.Empty(registered.Received);
        Assert.Empty(fresh.Received);
    }

    [Fact]
    [Spec("S11", "R.digest")]
    public async Task Register_CapturedAndSentOnALaterConnection_IsStaleAndBindsNothing()
    {
        (Account alice, Account mallory) = (await system.NewAccountAsync("alice"), await system.NewAccountAsync("mallory"));
        string captured;
        await using (SipClient phone = await system.ConnectedAsync(alice))
        {
            captured = await CaptureAsync(phone);
        }

        await using SipClient later = await system.ConnectedAsync(mallory);
        await StaleAsync(later, captured);

        await OnlyAliceGetsItAsync(alice, mallory, later);
    }

    /// <summary>A nonce is good for one connection of one edge by its number: an edge that starts anew must not count from where the one before did.</summary>
    [Fact]
    [Spec("S11", "R.digest")]
    public async Task Register_CapturedAndSentAfterTheEdgeStartedAnew_IsStaleAndBindsNothing()
    {
        (Account alice, Account mallory) = (await system.NewAccountAsync("alice"), await system.NewAccountAsync("mallory"));
        await system.RestartEdgeAsync();
        string captured;
        await using (SipClient first = await system.ConnectedAsync(alice))
        {
            captured = await CaptureAsync(first);
        }

        await system.RestartEdgeAsync();
        await using SipClient firstAgain = await system.ConnectedAsync(mallory);
        await StaleAsync(firstAgain, captured);

        await OnlyAliceGetsItAsync(alice, mallory, firstAgain);
    }

    /// <summary>Registers, and gives back the REGISTER that did it.</summary>
    private static async Task<string> CaptureAsync(SipClient phone)
    {
        SipText challenge = await phone.RequestAsync(phone.RegisterText(3600, null, null));
        string register = phone.RegisterText(3600, null, phone.Authorization(challenge, "REGISTER", $"sip:{JourneySystem.Domain}"));
        Assert.Equal(200, (await phone.RequestAsync(register)).Status);
        return register;
    }

    private static async Task StaleAsync(SipClient client, string captured)
    {
        SipText answer = await client.RequestAsync(captured);
        Assert.Equal(401, answer.Status);
        Assert.All(answer.All("WWW-Authenticate"), challenge => Assert.Contains("stale=true", challenge, StringComparison.Ordinal));
    }

    /// <summary>Alice's phone is away: a message waits for her until she is back, and never goes to the other connection.</summary>
    private async Task OnlyAliceGetsItAsync(Account alice, Account mallory, SipClient other)
    {
        Guid id = Guid.NewGuid();
        Assert.Equal("ENQUEUED", (await system.Api(mallory).SendAsync(id, alice.User, "for Alice")).State);
        await using SipClient back = await system.RegisteredAsync(alice);
        Assert.Equal("for Alice", (await back.ReceiveAsync(1))[0].Text);
        await system.Api(mallory).UntilStateAsync(id, "DELIVERED", Soon);
        Assert.Empty(other.Received);
    }
}

/// <summary>The same over the portable transport.</summary>
public sealed class ReplayOnPortableTests(PortableSystem system) : ReplayTests(system), IClassFixture<PortableSystem>;
