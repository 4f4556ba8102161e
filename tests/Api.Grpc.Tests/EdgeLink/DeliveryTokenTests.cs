using Api.Grpc.EdgeLink;
using Api.Grpc.Tests.Support;
using Core.Store.Mailboxes;
using Core.Store.Presence;

namespace Api.Grpc.Tests.EdgeLink;

/// <summary>What an edge must give back to end a message, and what it cannot change in it.</summary>
public sealed class DeliveryTokenTests
{
    private static readonly FlowId Flow = new("edge-1", 3, 9);
    private static readonly DateTimeOffset Accepted = DateTimeOffset.UnixEpoch.AddDays(1);
    private static readonly QueuedMessage Message = new(
        new MessageKey(RedisCore.Address("alice"), Guid.Parse("6f1f2d3a-0000-4000-8000-000000000001"), RedisCore.Address("bob")), 5, 0, 1, Accepted, Accepted.AddHours(1), default);

    private readonly DeliveryToken _tokens = new(new TestKeys());

    [Fact]
    public void Token_OfAMessageThatEndsUntold_CarriesItsTimes()
    {
        byte[] token = Issue(untold: true);
        Assert.Equal(32, token.Length);
        Assert.True(_tokens.Verify(token, Message.Key, Flow, out MessageTimes? times));
        Assert.Equal(new MessageTimes(Accepted, Accepted.AddHours(1)), times);
    }

    [Fact]   // an edge's reports survive its core's update
    public void Token_OfAMessageToBeTold_TheTagAloneAsBefore()
    {
        byte[] token = Issue(untold: false);
        Assert.Equal("dda98a4d6eff7c8396c3a6fae34dfbf6", Convert.ToHexStringLower(token));
        Assert.True(_tokens.Verify(token, Message.Key, Flow, out MessageTimes? times));
        Assert.Null(times);
    }

    [Fact]
    public void Token_AnyBitChanged_Refused()
    {
        foreach (byte[] token in new[] { Issue(untold: true), Issue(untold: false) })
        {
            for (int bit = 0; bit < token.Length * 8; bit++)
            {
                byte[] other = [.. token];
                other[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(_tokens.Verify(other, Message.Key, Flow, out _));
            }
        }
    }

    [Fact]
    public void Token_CutOrLengthened_Refused()
    {
        byte[] with = Issue(untold: true), without = Issue(untold: false);
        for (int length = 0; length < with.Length; length++) Assert.False(_tokens.Verify(with.AsSpan(0, length), Message.Key, Flow, out _));
        Assert.False(_tokens.Verify([.. without, .. with[16..]], Message.Key, Flow, out _));
        Assert.False(_tokens.Verify([.. with, 0], Message.Key, Flow, out _));
    }

    [Fact]
    public void Token_OfAnotherFlowOrMessage_Refused()
    {
        byte[] token = Issue(untold: true);
        Assert.False(_tokens.Verify(token, Message.Key, Flow with { Flow = 10 }, out _));
        Assert.False(_tokens.Verify(token, Message.Key, Flow with { EdgeId = "edge-2" }, out _));
        Assert.False(_tokens.Verify(token, Message.Key with { MessageId = Guid.NewGuid() }, Flow, out _));
        Assert.False(_tokens.Verify(token, Message.Key with { Recipient = RedisCore.Address("carol") }, Flow, out _));
    }

    private byte[] Issue(bool untold) => _tokens.Issue(Message with { EndsUntold = untold }, Flow).ToByteArray();
}
