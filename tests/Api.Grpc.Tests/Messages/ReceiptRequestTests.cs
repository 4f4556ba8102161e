using System.Text;
using Api.Grpc.Tests.Streams;
using Api.Grpc.Tests.Support;
using Core.Store.Mailboxes;
using Edge.Link.V1;
using Edge.Messages.V1;
using Google.Protobuf;
using Testing.Shared;
using Asked = Edge.Link.V1.ReceiptRequest;
using ReceiptRequest = Core.Store.Mailboxes.ReceiptRequest;

namespace Api.Grpc.Tests.Messages;

/// <summary>What a sender asks to be told reaches the store, from every way in.</summary>
public sealed class ReceiptRequestTests(FakeCore fixture) : IClassFixture<FakeCore>
{
    private static readonly ReceiptRequest Both = new("", Delivered: true, Failed: true);

    [Theory]
    [InlineData("", false)]
    [InlineData(",\"receipt\":false", false)]
    [InlineData(",\"receipt\":true", true)]
    [Spec("D.told")]
    public async Task Post_Receipt_AsAsked(string field, bool asked)
    {
        Guid id = Guid.NewGuid();
        using HttpClient alice = fixture.Core.Client(fixture.Core.Api, TestCore.Basic("alice", RedisCore.PasswordOf("alice")));
        using StringContent body = new($"{{\"messageId\":\"{id}\",\"recipient\":\"bob\",\"text\":\"hi\"{field}}}", Encoding.UTF8, "application/json");
        (await alice.PostAsync("/v1/messages", body)).EnsureSuccessStatusCode();
        Assert.Equal(asked ? Both : null, Accepted(id).Receipts);
    }

    [Fact]
    [Spec("D.told", "S6")]
    public async Task Grpc_Receipt_AsAsked()
    {
        Guid id = Guid.NewGuid();
        using GrpcCalls calls = fixture.Calls("alice");
        await calls.CallAsync<SendMessageRequest, SendMessageResponse>(GrpcCalls.Messages, "SendMessage", new() { MessageId = id.ToString(), Recipient = "bob", Text = "hi", Receipt = true });
        Assert.Equal(Both, Accepted(id).Receipts);
    }

    [Fact]
    [Spec("D.told")]
    public async Task Submit_Receipt_WithTheClientsOwnId()
    {
        await using TestLink link = await TestLink.ConnectAsync(fixture.Core);
        Registered sender = await link.RegisterAsync("alice", 1);
        Submit submit = link.Submit("alice", 1, sender.Ticket, "key", "bob", ByteString.CopyFromUtf8("hi"));
        submit.ReceiptRequest = new Asked { ImdnMessageId = "their id", Failed = true };
        await link.SendAsync(new EdgeEvent { Submit = submit });
        Submitted answer = (await link.NextAsync(CoreEvent.EventOneofCase.Submitted)).Submitted;
        Assert.Equal(new ReceiptRequest("their id", Delivered: false, Failed: true), Accepted(Guid.Parse(answer.MessageId)).Receipts);
    }

    private NewMessage Accepted(Guid id) => Assert.Single(fixture.Store.Accepted, m => m.MessageId == id);
}
