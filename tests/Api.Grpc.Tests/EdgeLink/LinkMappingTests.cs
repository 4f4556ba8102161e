using Api.Grpc.EdgeLink;
using Api.Grpc.Tests.Support;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Testing.Shared;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>Pages in the words of the link, under its 64 KiB (spec, Numbers).</summary>
public sealed class LinkMappingTests
{
    private static readonly FlowId Flow = new("edge-1", 3, 9);

    private readonly LinkMapping _mapping = new(new SenderTag(new TestKeys()), new DeliveryToken(new TestKeys()));

    [Fact]
    [Spec("N.sip")]
    public void ToPage_LongTexts_CutUnderTheLimitAndMoreToCome()
    {
        Page page = _mapping.ToPage(Flow, RedisCore.Address("bob"), new MailboxPage(5, 42, false, [.. Enumerable.Range(11, 32).Select(s => Message(s, 4_096))]));
        Assert.InRange(page.CalculateSize(), 30 * 1_024, 44 * 1_024);
        Assert.Equal(page.Deliveries[^1].Sequence, page.Upto);
        Assert.True(page.More);
        Assert.Equal(5, page.After);
    }

    [Fact]
    public void ToPage_ShortTexts_Whole()
    {
        Page page = _mapping.ToPage(Flow, RedisCore.Address("bob"), new MailboxPage(5, 50, false, [.. Enumerable.Range(11, 32).Select(s => Message(s, 160))]));
        Assert.Equal((32, 50L, false), (page.Deliveries.Count, page.Upto, page.More));
    }

    [Fact]
    [Spec("D.sip-delivery")]
    public void ToDelivery_SameSender_SameTagForEveryMessageAndFlow()
    {
        Delivery one = _mapping.ToDelivery(Flow, Message(1, 1));
        Delivery other = _mapping.ToDelivery(Flow with { Flow = 10 }, Message(2, 1));
        Assert.Equal(one.SenderTag, other.SenderTag);
        Assert.NotEqual(one.Token, other.Token);
    }

    private static QueuedMessage Message(long sequence, int bytes) => new(
        new MessageKey(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address("bob")), sequence, 0, 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(72), new byte[bytes]);
}
