using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Delivery;

/// <summary>Checked just before the write, by the core's clock: 72 hours from acceptance, to the second.</summary>
[Spec("S14", "P5")]
public sealed class ExpiryTests
{
    private const long LifeMs = 259_200_000;

    [Theory]
    [InlineData(-1_000, true)]    // 71:59:59
    [InlineData(0, false)]
    [InlineData(1_000, false)]    // 72:00:01
    public async Task Push_AroundItsExpiry_IsWrittenOnlyBefore(long overMs, bool written)
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        await edge.Core.SendAsync(new CoreEvent { Delivery = Delivery(edge, 1, ageMs: LifeMs + overMs) });
        DeliveryReport report = await edge.Core.SeenAsync(happened => happened.DeliveryReport);
        Assert.Equal(written ? DeliveryOutcome.AcceptedByDevice : DeliveryOutcome.ExpiredAtEdge, report.Outcome);
        Assert.Equal(written ? 1 : 0, bob.Received.Count);
    }

    [Theory]
    [InlineData(9, true)]     // 71:59:59
    [InlineData(11, false)]   // 72:00:01
    public async Task Held_BehindOneInFlight_IsWrittenOnlyBefore(int seconds, bool written)
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = message => message.Text == "text 2" ? 200 : 0;
        await edge.Core.SendAsync(new CoreEvent { Delivery = Delivery(edge, 1) }, new CoreEvent { Delivery = Delivery(edge, 2, ageMs: LifeMs - 10_000) });
        await HeldUntilAsync(edge, bob, seconds, written);
    }

    /// <summary>Written in time by the core, 11 s on its way: by the clock of the batch it would have 10 s more.</summary>
    [Fact]
    public async Task Push_OverAStalledLink_HasNotLongerToLive()
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true);
        SipClient bob = await edge.RegisteredAsync();
        LinkDelivery late = Delivery(edge, 1, ageMs: LifeMs - 10_000);
        await edge.MoveAsync(TimeSpan.FromSeconds(11));
        edge.Core.LateMs = 11_000;
        await edge.Core.SendAsync(new CoreEvent { Delivery = late });
        await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Outcome == DeliveryOutcome.ExpiredAtEdge);
        Assert.Empty(bob.Received);
    }

    /// <summary>A link that was slow from its first word: the core's clock is known once something comes in time, and counts for what is held already.</summary>
    [Theory]
    [InlineData(9, true)]
    [InlineData(11, false)]
    public async Task Held_FromALinkThatWasSlow_HasNotLongerToLive(int seconds, bool written)
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, core: core => core.LateMs = 4_000);
        SipClient bob = await edge.RegisteredAsync();
        bob.Answer = message => message.Text == "text 2" ? 200 : 0;
        await edge.Core.SendAsync(new CoreEvent { Delivery = Delivery(edge, 1) }, new CoreEvent { Delivery = Delivery(edge, 2, ageMs: LifeMs - 10_000) });
        edge.Core.LateMs = 0;
        await HeldUntilAsync(edge, bob, seconds, written);
    }

    private static async Task HeldUntilAsync(TestEdge edge, SipClient bob, int seconds, bool written)
    {
        SipText first = (await bob.ReceiveAsync(1))[0];
        await edge.MoveAsync(TimeSpan.FromSeconds(seconds));
        await bob.RespondAsync(first, 200);
        DeliveryReport report = await edge.Core.SeenAsync(happened => happened.DeliveryReport, report => report.Sequence == 2);
        Assert.Equal(written ? DeliveryOutcome.AcceptedByDevice : DeliveryOutcome.ExpiredAtEdge, report.Outcome);
        Assert.Equal(written ? 2 : 1, bob.Received.Count);
    }

    private static LinkDelivery Delivery(TestEdge edge, long sequence, long ageMs = 0)
    {
        LinkDelivery delivery = edge.Core.Delivery(edge.FlowOf("bob"), "bob", sequence, previous: sequence - 1);
        delivery.AcceptTimeMs = edge.Core.NowMs - ageMs;
        delivery.ExpireTimeMs = delivery.AcceptTimeMs + LifeMs;
        return delivery;
    }
}
