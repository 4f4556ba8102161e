using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Keys;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using Testing.Shared;

namespace Core.Store.Tests.Keys;

/// <summary>Somebody keeps a copy of Redis' append-only file and gets the key ring later: spec S14, D "gone".</summary>
public sealed class RestoredCopyTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly RingFolder _ring = new();
    private readonly string _copies = Directory.CreateTempSubdirectory("edge-copies-").FullName;

    [Fact]
    [Spec("S9", "S14")]
    public async Task AppendOnlyFile_OfBeforeTheWipe_OpensWithTheRingOfThenAndNotWithTheOneOfNow()
    {
        const int Messages = 40;   // more than a page
        string copy = Path.Combine(_copies, "redis"), ringOfThen = Path.Combine(_copies, "ring-of-then.json");
        FakeTimeProvider time = new(Noon);
        await using (RedisServer server = await RedisServer.StartAsync())
        {
            await using TestCore core = await TestCore.StartAsync(server.Endpoint, true, _ring.Path, time);
            foreach (string user in (string[])["alice", "bob"]) await core.Accounts.CreateAsync(Address(user), "secret");
            for (int i = 0; i < Messages; i++)
            {
                NewMessage message = new(Address("alice"), Guid.NewGuid(), Address("bob"), Encoding.UTF8.GetBytes($"text {i}")) { Receipts = new ReceiptRequest($"id {i}", Delivered: true, Failed: true) };
                Assert.Equal(AcceptOutcome.Accepted, (await core.Store.AcceptAsync(message)).Outcome);
            }

            CopyFolder(server.Folder, copy);   // every write is synced before it is answered: this is all of it
            File.Copy(_ring.Path, ringOfThen);

            time.Advance(TimeSpan.FromHours(24));
            await core.Get<KeyKeeper>().TendAsync();
            time.Advance(TimeSpan.FromMinutes(2) + TimeSpan.FromHours(73));
            await core.Get<KeyKeeper>().TendAsync();
            Assert.DoesNotContain(core.Get<KeyRing>().All(KeyPurpose.Message), static key => key.Id == 1);
        }

        // Whoever restores it sets the clock back too, or all would have expired.
        await using RedisServer restored = await RedisServer.StartAsync("--dir", copy);
        (string[] texts, long setAside) = await ReadAsync(restored, _ring.Path);
        Assert.Empty(texts);
        Assert.Equal(Messages, setAside);
        (texts, setAside) = await ReadAsync(restored, ringOfThen);
        Assert.Equal(Enumerable.Range(0, Messages).Select(static i => $"text {i}"), texts);
        Assert.Equal(0, setAside);
    }

    public void Dispose()
    {
        _ring.Dispose();
        Directory.Delete(_copies, recursive: true);
    }

    /// <summary>What bob's phone would get, and how many records lack their key.</summary>
    private static async Task<(string[] Texts, long SetAside)> ReadAsync(RedisServer server, string ring)
    {
        FakeTimeProvider time = new(Noon.AddMinutes(1));
        await using TestCore core = await TestCore.StartAsync(server.Endpoint, true, ring, time);
        using SetAsideCount setAside = new(core.Get<System.Diagnostics.Metrics.IMeterFactory>());
        FlowId flow = new("edge-1", 1, 1);
        MailboxPage page = (await core.Store.RegisterAsync(Address("bob"), new Binding(flow, "phone", time.GetUtcNow().AddHours(1)), 0, true))!;
        List<QueuedMessage> messages = [.. page.Messages];
        while (page.More)
        {
            page = await core.Store.ReadPageAsync(Address("bob"), flow, page.Upto);
            messages.AddRange(page.Messages);
        }

        return ([.. messages.Select(static message => Encoding.UTF8.GetString(message.Text.Span))], setAside.KeyUnknown);
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static AccountAddress Address(string user)
    {
        Assert.True(AccountAddress.TryCreate(user, "example.test", out AccountAddress address));
        return address;
    }
}
