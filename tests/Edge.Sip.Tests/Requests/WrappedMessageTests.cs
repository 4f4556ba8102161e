using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Requests;

/// <summary>What clients wrap into CPIM, or send beside texts: RFC 3862, RFC 5438, RFC 3994.</summary>
[Spec("D.told", "R.body")]
public sealed class WrappedMessageTests
{
    private const string Cpim = "message/cpim";

    [Fact]
    [Spec("D.one-id", "S3", "S11")]
    public async Task Message_InCpim_IsSubmittedWithoutItsWrapper()
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        string body = Wrapped("héllo 👋\r\n", "text/plain;charset=UTF-8", "positive-delivery, negative-delivery, display", id: "5GjI8B~cU");
        Assert.Equal(202, (await bob.SendAsync("alice", body, "Message/CPIM")).Status);
        Submit submit = await edge.Core.SeenAsync(happened => happened.Submit);
        Assert.Equal(("bob", "sip:alice@example.test", "héllo 👋\r\n"), (submit.User, submit.Recipient, submit.Text.ToStringUtf8()));   // From and To of the wrapper say otherwise
        Assert.Equal("5GjI8B~cU", submit.ClientKey);
        Assert.Equal(new ReceiptRequest { ImdnMessageId = "5GjI8B~cU", Delivered = true, Failed = true }, submit.ReceiptRequest);
    }

    [Theory]
    [InlineData("a", "display, processing", null)]
    [InlineData("a", "positive-delivery", true)]
    [InlineData("a", "negative-delivery", false)]
    [InlineData(null, "positive-delivery", null)]   // nothing that a receipt could repeat
    public async Task Message_InCpim_ReceiptsAsAskedFor(string? id, string notification, bool? delivered)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(202, (await bob.SendAsync("alice", Wrapped("hi", notification: notification, id: id), Cpim, callId: "call-1")).Status);
        Submit submit = await edge.Core.SeenAsync(happened => happened.Submit);
        Assert.Equal(delivered is null ? null : new ReceiptRequest { ImdnMessageId = id!, Delivered = delivered.Value, Failed = !delivered.Value }, submit.ReceiptRequest);
        Assert.StartsWith(id ?? "call-1\0", submit.ClientKey, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("message/imdn+xml", "notification")]
    [InlineData("application/im-iscomposing+xml", "composing")]
    [Spec("S1")]
    public async Task Message_ThatIsNoText_Is200AndDropped(string type, string kind)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        Assert.Equal(200, (await bob.SendAsync("alice", Wrapped("<a/>", type, "positive-delivery"), Cpim)).Status);
        Assert.Equal(200, (await bob.SendAsync("alice", "<a/>", type)).Status);
        Assert.Equal((2, 0), (edge.Sum($"edge.messages.dropped/{kind}"), edge.Sum("edge.messages.accepted")));
        Assert.Equal(0, edge.Core.Count(happened => happened.Submit));
    }

    [Theory]
    [InlineData("text/html", "", 415)]
    [InlineData("multipart/mixed;boundary=x", "", 415)]
    [InlineData("image/png", "", 415)]
    [InlineData("message/cpim", "", 415)]
    [InlineData("text/plain;charset=iso-8859-1", "", 415)]
    [InlineData("text/plain", "Content-Transfer-Encoding: base64\r\n", 415)]
    [InlineData("text/plain", "Content-Length: 1\r\n", 400)]
    [InlineData("text", "", 400)]
    [Spec("S1", "E.content-type", "E.malformed")]
    public async Task Message_InCpimUnusable_IsRefused(string type, string mime, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.RegisteredAsync();
        string body = Wrapped("hi", type).Replace($"{type}\r\n", $"{type}\r\n{mime}", StringComparison.Ordinal);
        SipText answer = await bob.SendAsync("alice", body, Cpim);
        Assert.Equal((status, status == 415 ? MessageTests.Accept : string.Empty), (answer.Status, answer["Accept"]));
        Assert.Equal(400, (await bob.SendAsync("alice", Wrapped("hi", id: new string('a', 256)), Cpim)).Status);
        Assert.Equal(0, edge.Core.Count(happened => happened.Submit));
    }

    [Theory]
    [InlineData("message/cpim")]
    [InlineData("message/imdn+xml")]
    [InlineData("application/im-iscomposing+xml")]
    public async Task Message_OfNobodyRegistered_IsChallenged(string type)
    {
        await using TestEdge edge = await TestEdge.StartAsync();
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(401, (await bob.SendAsync("alice", Wrapped("hi"), type)).Status);
        Assert.Equal((0, 0), (edge.Core.Count(happened => happened.Submit), edge.Sum("edge.messages.dropped")));
    }

    private static string Wrapped(string text, string type = "text/plain", string? notification = null, string? id = null) =>
        "From: <sip:mallory@example.test>\r\nTo: <sip:carol@example.test>\r\nDateTime: 2026-09-29T10:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
        + (id is null ? string.Empty : $"imdn.Message-ID: {id}\r\n") + (notification is null ? string.Empty : $"imdn.Disposition-Notification: {notification}\r\n")
        + $"\r\nContent-Type: {type}\r\n\r\n{text}";
}
