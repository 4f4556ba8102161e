using Core.Store.Content;
using Core.Store.Mailboxes;
using Core.Store.Tests.Content;
using Core.Store.Tests.Support;
using Testing.Shared;

namespace Core.Store.Tests.Mailboxes;

/// <summary>Texts of every script, through sealing and Redis and back.</summary>
public sealed class StoredTextTests(RedisFixture fixture) : StoreTest(fixture), IClassFixture<RedisFixture>
{
    [Fact]
    [Spec("S3")]
    public async Task Register_TextOfEveryVector_ByteForByteAsAccepted()
    {
        TextVector[] texts = [.. TextVectors.ByName.Values.Where(vector => vector.Fault == TextFault.None)];
        Assert.True(texts.Length > 100);
        await RegisterAsync(Flow(1));
        foreach (TextVector vector in texts)
        {
            NewMessage message = new(Alice, Guid.NewGuid(), Bob, vector.Utf8);
            Assert.Equal(AcceptOutcome.Accepted, (await Store.AcceptAsync(message)).Outcome);
            QueuedMessage stored = Assert.Single((await RegisterAsync(Flow(1))).Messages);
            Assert.True(stored.Text.Span.SequenceEqual(vector.Utf8), vector.Name);
            await Store.EndAsync(stored.Key, MessageState.Delivered);
        }
    }
}
