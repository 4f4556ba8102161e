using Api.Grpc.Streams;
using Core.Store.Accounts;
using Core.Store.Mailboxes;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Api.Grpc.Tests.Streams;

/// <summary>What a stream has under way, against pages that were read before an acknowledgement took effect.</summary>
[Spec("D.order", "P2")]
public sealed class ReceiveWindowTests
{
    private readonly ReceiveWindow _window = new(new FakeTimeProvider());

    [Fact]
    public void TryAdd_AcknowledgedWhileThePageTravelled_NotSentAgain()
    {
        QueuedMessage message = Message();
        _window.BeginPage();
        Assert.True(_window.TryAdd(message));
        _window.BeginPage();   // this page is read while the message still waits
        _window.Remove(message.Key);
        Assert.False(_window.TryAdd(message));
        Assert.Equal(ReceiveWindow.Most, _window.Room);
    }

    [Fact]
    public void TryAdd_InALaterPage_SentAgain()
    {
        QueuedMessage message = Message();
        _window.BeginPage();
        Assert.True(_window.TryAdd(message));
        Assert.False(_window.TryAdd(message));
        _window.Remove(message.Key);   // not acknowledged in time
        _window.BeginPage();
        Assert.True(_window.TryAdd(message));
    }

    private static QueuedMessage Message()
    {
        Assert.True(AccountAddress.TryCreate("alice", "example.test", out AccountAddress alice));
        Assert.True(AccountAddress.TryCreate("bob", "example.test", out AccountAddress bob));
        return new QueuedMessage(new MessageKey(alice, Guid.NewGuid(), bob), 1, 0, 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, "hi"u8.ToArray());
    }
}
