using System.Net;
using Journey.Tests.Harness;
using Testing.Shared;

namespace Journey.Tests;

/// <summary>A real SIP client over TLS with the certificate checked, as recipient and as sender.</summary>
public sealed class LinphoneTests(JourneySystem system)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>Spec S12, S18: a registered recipient is delivered to at once, and the sender sees DELIVERED.</summary>
    [Fact]
    [Spec("S6", "S7", "S12", "S18", "S25")]
    public async Task Post_ToRegisteredLinphone_ArrivesAndIsDelivered()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        await using LinphoneClient phone = await LinphoneClient.RegisteredAsync(system, bob);
        Guid id = Guid.NewGuid();

        Assert.Equal(HttpStatusCode.OK, (await system.Api(alice).SendAsync(id, bob.User, "hello over TLS")).Status);

        Assert.Equal(["hello over TLS"], await phone.ReceiveAsync(1));
        await system.Api(alice).UntilStateAsync(id, "DELIVERED", Soon);
        await phone.QuitAsync();
    }

    /// <summary>Spec S13, S15, P4: what was enqueued before the recipient ever registered arrives on registering, oldest first.</summary>
    [Fact]
    [Spec("S13", "S15", "D.by-account", "P4")]
    public async Task Post_HundredToOfflineLinphone_ArriveInOrderOnRegistering()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        List<Guid> ids = [];
        for (int number = 0; number < 100; number++)
        {
            Guid id = Guid.NewGuid();
            ids.Add(id);
            ApiAnswer answer = await system.Api(alice).SendAsync(id, bob.User, $"number {number}");
            Assert.Equal((HttpStatusCode.OK, "ENQUEUED"), (answer.Status, answer.State));
        }

        await using LinphoneClient phone = await LinphoneClient.RegisteredAsync(system, bob);
        IReadOnlyList<string> received = await phone.ReceiveAsync(100, TimeSpan.FromSeconds(60));

        Assert.Equal(Enumerable.Range(0, 100).Select(number => $"number {number}"), received);
        await system.Api(alice).UntilStateAsync(ids[^1], "DELIVERED", Soon);
        await phone.QuitAsync();
    }

    /// <summary>Spec S6: a registered client sends by SIP MESSAGE; the recipient sees the sender's account, never an IP address.</summary>
    [Fact]
    [Spec("S6", "R.from-to")]
    public async Task LinphoneMessage_ToRegisteredLinphone_Arrives()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        await using LinphoneClient sender = await LinphoneClient.RegisteredAsync(system, alice);
        await using LinphoneClient recipient = await LinphoneClient.RegisteredAsync(system, bob);

        await sender.SendAsync(bob.User, "from phone to phone");

        Assert.Equal(["from phone to phone"], await recipient.ReceiveAsync(1));
        Assert.Contains($"sip:{alice.User}@{JourneySystem.Domain}", recipient.Output, StringComparison.Ordinal);
        await recipient.QuitAsync();
        await sender.QuitAsync();
    }

    /// <summary>Spec S6, S13: the recipient is offline; the message waits and arrives on registering.</summary>
    [Fact]
    [Spec("S6", "S13")]
    public async Task LinphoneMessage_ToOfflineLinphone_ArrivesOnRegistering()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        await using LinphoneClient sender = await LinphoneClient.RegisteredAsync(system, alice);

        double before = await system.MetricAsync(system.EdgeMetricsPort, "edge_messages_accepted_total");
        await sender.SendAsync(bob.User, "for later");
        await Wait.UntilAsync(
            async () => await system.MetricAsync(system.EdgeMetricsPort, "edge_messages_accepted_total") == before + 1, Soon, "the edge answers 202");
        await using LinphoneClient recipient = await LinphoneClient.RegisteredAsync(system, bob);

        Assert.Equal(["for later"], await recipient.ReceiveAsync(1));
        await recipient.QuitAsync();
        await sender.QuitAsync();
    }
}
