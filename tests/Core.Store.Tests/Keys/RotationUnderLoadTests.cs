using System.Globalization;
using System.Text;
using Core.Store.Accounts;
using Core.Store.Envelopes;
using Core.Store.Keys;
using Core.Store.Mailboxes;
using Core.Store.Presence;
using Core.Store.Tests.Support;
using Microsoft.Extensions.Logging;
using Testing.Shared;

namespace Core.Store.Tests.Keys;

/// <summary>Keys that change every ten seconds under two cores that work: nothing becomes unreadable. tests/key-rotation runs it for two minutes.</summary>
public sealed class RotationUnderLoadTests(RedisFixture fixture) : IClassFixture<RedisFixture>
{
    private const int PerSecond = 200;
    private const int Accounts = 50;
    private const int UntilTheFirstWipe = 10 + 3 + (KeyRing.StaleDelays * 3);   // the account key's: made after 10 s, sealing after 3 more

    [Fact]
    [Spec("S9", "S3")]
    public async Task Rotate_EveryTenSecondsUnderLoad_NothingUnreadable()
    {
        int seconds = int.Parse(Environment.GetEnvironmentVariable("EDGE_ROTATION_SECONDS") ?? "20", CultureInfo.InvariantCulture);
        await fixture.Admin.GetServers()[0].FlushAllDatabasesAsync();
        using RingFolder folder = new();
        using LogLines logs = new();
        await using TestCore one = await StartAsync("core-1", folder.Path, logs);
        await using TestCore two = await StartAsync("core-2", folder.Path, logs);
        TestCore[] cores = [one, two];
        AccountAddress[] accounts = [.. Enumerable.Range(0, Accounts).Select(n => Address($"u{n}"))];
        foreach (AccountAddress account in accounts) await one.Accounts.CreateAsync(account, "secret");

        await Task.WhenAll(cores.Select(core => core.Get<KeyKeeper>().StartAsync(TestContext.Current.CancellationToken)));
        int sent = 0;
        int read = 0;
        using (PeriodicTimer second = new(TimeSpan.FromSeconds(1)))
        {
            for (int s = 0; s < seconds && await second.WaitForNextTickAsync(TestContext.Current.CancellationToken); s++)
            {
                Acceptance[] accepted = await Task.WhenAll(Enumerable.Range(0, PerSecond).Select(n => cores[n % 2].Store.AcceptAsync(
                    new NewMessage(accounts[n % Accounts], Guid.NewGuid(), accounts[(n + 1) % Accounts], Encoding.UTF8.GetBytes($"message {n} of second {s}")))));
                sent += accepted.Count(a => a.Outcome == AcceptOutcome.Accepted);
                if (s % 5 == 4) read += await DrainAsync(cores[s / 5 % 2], accounts, s);
            }
        }

        read += await DrainAsync(two, accounts, seconds);
        await Task.WhenAll(cores.Select(core => core.Get<KeyKeeper>().StopAsync(TestContext.Current.CancellationToken)));
        KeyRing ring = one.Get<KeyRing>();
        TestContext.Current.SendDiagnosticMessage($"{sent} sent, {read} read, message keys {ring.All(KeyPurpose.Message).Count}, account keys {string.Join(' ', ring.All(KeyPurpose.Account))}");

        Assert.Equal((seconds * PerSecond, seconds * PerSecond), (sent, read));
        Assert.DoesNotContain(logs.Lines, line => line.Level >= LogLevel.Warning && line.Id.Name is not ("RedisVolatile" or "RedisNotSyncing"));
        Assert.True(ring.All(KeyPurpose.Message).Count >= seconds / 20, "keys were rotated");
        if (seconds > UntilTheFirstWipe + 10) Assert.DoesNotContain(ring.All(KeyPurpose.Account), key => key.Id <= 4);
        foreach (TestCore core in cores)
        {
            foreach (AccountAddress account in accounts) Assert.True((await core.Accounts.FindVerifiersAsync(account))!.Matches(account, "secret"));
        }
    }

    private async Task<TestCore> StartAsync(string coreId, string ring, ILoggerProvider logs) => await TestCore.StartAsync(
        fixture.Server.Endpoint, fixture.Server.IsDurable, ring, TimeProvider.System, coreId, logs: logs,
        settings: [("RotateKeysEvery", "00:00:10"), ("RotateAccountKeyEvery", "00:00:10"), ("KeyActivationDelay", "00:00:03")]);

    /// <summary>Registers everybody, reads all that waits and ends it.</summary>
    private static async Task<int> DrainAsync(TestCore core, AccountAddress[] accounts, int epoch)
    {
        int read = 0;
        foreach (AccountAddress account in accounts)
        {
            FlowId flow = new("edge-1", epoch + 1, 1);
            MailboxPage page = (await core.Store.RegisterAsync(account, new Binding(flow, "phone", DateTimeOffset.UtcNow.AddHours(1)), 0, true))!;
            while (page.Messages.Count > 0)
            {
                await Task.WhenAll(page.Messages.Select(message => core.Store.EndAsync(message.Key, MessageState.Delivered)));
                read += page.Messages.Count;
                page = await core.Store.ReadPageAsync(account, flow, page.Upto);
            }
        }

        return read;
    }

    private static AccountAddress Address(string user)
    {
        Assert.True(AccountAddress.TryCreate(user, "example.test", out AccountAddress address));
        return address;
    }
}
