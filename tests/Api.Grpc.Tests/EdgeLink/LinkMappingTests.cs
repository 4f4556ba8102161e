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

    [Fact]
    [Spec("D.told")]
    public void ToDelivery_Receipt_WhatItSaysAndNoText()
    {
        Guid about = Guid.NewGuid();
        DateTimeOffset accepted = DateTimeOffset.UnixEpoch.AddDays(1), ended = accepted.AddHours(1);
        Delivery delivered = _mapping.ToDelivery(Flow, Message(1, 0) with { Receipt = new(about, "client id", MessageState.Delivered, accepted, ended) });
        Delivery failed = _mapping.ToDelivery(Flow, Message(1, 0) with { Receipt = new(about, "", MessageState.Expired, accepted, ended) });
        Assert.True(delivered.Text.IsEmpty);
        Assert.Equal((about.ToString("D"), "client id", true, ended.ToUnixTimeMilliseconds()), (delivered.Receipt.MessageId, delivered.Receipt.ImdnMessageId, delivered.Receipt.Delivered, delivered.Receipt.EndTimeMs));
        Assert.Equal(accepted.ToUnixTimeMilliseconds(), delivered.Receipt.AcceptTimeMs);
        Assert.Equal(("", false), (failed.Receipt.ImdnMessageId, failed.Receipt.Delivered));
        Assert.Null(_mapping.ToDelivery(Flow, Message(1, 1)).Receipt);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [Spec("D.told")]
    public void ToReceipts_Asked_AsAsked(bool delivered, bool failed) =>
        Assert.Equal(new Core.Store.Mailboxes.ReceiptRequest("id", delivered, failed), LinkMapping.ToReceipts(new() { ImdnMessageId = "id", Delivered = delivered, Failed = failed }));

    [Fact]
    public void ToReceipts_NothingAskedOrTooLong_NoneOrRefused()
    {
        Assert.Null(LinkMapping.ToReceipts(null));
        Assert.Null(LinkMapping.ToReceipts(new() { ImdnMessageId = "id" }));
        Assert.Throws<InvalidDataException>(() => LinkMapping.ToReceipts(new() { ImdnMessageId = new string('x', 256), Delivered = true }));
    }

    private static QueuedMessage Message(long sequence, int bytes) => new(
        new MessageKey(RedisCore.Address("alice"), Guid.NewGuid(), RedisCore.Address("bob")), sequence, 0, 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(72), new byte[bytes]);
}
