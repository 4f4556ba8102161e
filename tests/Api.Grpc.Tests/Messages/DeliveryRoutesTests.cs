using Api.Grpc.Streams;
using Api.Grpc.Tests.Streams;
using Api.Grpc.Tests.Support;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Edge.Link.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Grpc.Tests.Messages;

/// <summary>Where a message goes on its way out: by the name of its flow's edge.</summary>
public sealed class DeliveryRoutesTests(FakeCore fixture) : IClassFixture<FakeCore>
{
    private readonly string _user = $"bob{Guid.NewGuid():N}";

    private IDeliveryPort Port => fixture.Core.Services.GetRequiredService<IDeliveryPort>();

    [Fact]
    public async Task Push_StreamOfThisCore_WokenWithoutAHintToOthers()
    {
        int woken = 0;
        ReceiveFlows flows = fixture.Core.Services.GetRequiredService<ReceiveFlows>();
        FlowId flow = await flows.OpenAsync(() => woken++);
        Assert.True(Port.Reaches(flow));
        Port.Push(new DirectedMessage(flow, fixture.Store.Put(_user, "hi")));
        Port.Push(flow, RedisCore.Address(_user), new MailboxPage(0, 0, false, []));
        Assert.Equal(2, woken);
        flows.Close(flow);
        Assert.False(Port.Reaches(flow));
        Assert.DoesNotContain(RedisCore.Address(_user), fixture.Store.Hints);
    }

    [Fact]
    public async Task HasEnded_FlowsOfThisCoreThatAreNotOpen_AndNoOthers()
    {
        ReceiveFlows flows = fixture.Core.Services.GetRequiredService<ReceiveFlows>();
        FlowId flow = await flows.OpenAsync(() => { });
        Assert.False(Port.HasEnded(flow));
        Assert.True(Port.HasEnded(flow with { Epoch = flow.Epoch - 1 }));
        Assert.False(Port.HasEnded(flow with { Epoch = flow.Epoch + 1 }));   // a later start of this core
        flows.Close(flow);
        Assert.True(Port.HasEnded(flow));
        Assert.False(Port.HasEnded(flow with { EdgeId = "api:core-2" }));
        Assert.False(Port.HasEnded(flow with { EdgeId = "edge-1" }));
    }

    [Fact]
    public void Push_StreamOfAnotherCore_NotReachedButHintedAt()
    {
        FlowId flow = new("api:core-2", 7, 1);
        Assert.False(Port.Reaches(flow));
        Port.Push(new DirectedMessage(flow, fixture.Store.Put(_user, "hi")));
        Port.Push(flow, RedisCore.Address(_user), new MailboxPage(0, 0, false, []));
        Assert.Equal(2, fixture.Store.Hints.Count(account => account == RedisCore.Address(_user)));
    }

    [Fact]
    public async Task Push_Edge_DownItsLink()
    {
        await using TestLink link = await TestLink.ConnectAsync(fixture.Core);
        FlowId flow = new("edge-1", link.Welcome.Epoch, 3);
        Assert.True(Port.Reaches(flow));
        Assert.False(Port.Reaches(flow with { EdgeId = "edge-2" }));
        Port.Push(new DirectedMessage(flow, fixture.Store.Put(_user, "hi")));
        Assert.Equal("hi", (await link.NextAsync(CoreEvent.EventOneofCase.Delivery)).Delivery.Text.ToStringUtf8());
        Assert.DoesNotContain(RedisCore.Address(_user), fixture.Store.Hints);
    }
}
