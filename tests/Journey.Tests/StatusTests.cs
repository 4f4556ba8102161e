using System.Text.Json;
using Journey.Tests.Harness;
using Testing.Shared;

namespace Journey.Tests;

/// <summary>Every status that a sender can see, and receipts, with the Python phone that the README shows.</summary>
[Spec("B1", "D.told")]
public sealed class StatusTests(JourneySystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    [Spec("S13", "S12", "S25")]
    public async Task Status_PhoneTakesIt_EnqueuedThenDelivered()
    {
        (Account alice, Account bob, Guid id) = await SendAsync(system);
        Assert.Equal("ENQUEUED", (await system.Api(alice).GetAsync(id)).State);
        await using ChildProcess phone = await PhoneAsync(system, bob);
        await system.Api(alice).UntilStateAsync(id, "DELIVERED", Patience);
        await SaysAsync(phone, $"200 sip:{alice.User}@{JourneySystem.Domain} text/plain; charset=utf-8: hello");
    }

    [Fact]
    [Spec("S18")]
    public async Task Status_PhoneRefuses_InvalidDevice()
    {
        (Account alice, Account bob, Guid id) = await SendAsync(system);
        await using ChildProcess phone = await PhoneAsync(system, bob, "488");
        await system.Api(alice).UntilStateAsync(id, "INVALID_DEVICE", Patience);
    }

    [Fact]
    [Spec("D.accounts")]
    public async Task Status_RecipientDeleted_InvalidRecipient()
    {
        (Account alice, Account bob, Guid id) = await SendAsync(system);
        await system.DeleteAccountAsync(bob);
        Assert.Equal("INVALID_RECIPIENT", (await system.Api(alice).GetAsync(id)).State);
    }

    /// <summary>With a validity of three seconds: nobody registers, the content is gone, the sender reads EXPIRED; who registers then gets nothing.</summary>
    [Fact]
    [Spec("S14", "D.expired", "P5")]
    public async Task Status_NobodyRegistersInTime_Expired()
    {
        await using JourneySystem brief = new(Journeys.CoreAssembly, "--CoreStore:Validity=00:00:03");
        await brief.InitializeAsync();
        (Account alice, Account bob, Guid id) = await SendAsync(brief);
        await brief.Api(alice).UntilStateAsync(id, "EXPIRED", Patience);
        await using ChildProcess phone = await PhoneAsync(brief, bob, "200", "3");
        await phone.ExitCodeAsync(Patience);
        Assert.Equal("registered", phone.Output.Trim());
    }

    /// <summary>Asked for by POST: a bare <c>message/imdn+xml</c> from the recipient to the sender's own registration, kept while the sender is offline.</summary>
    [Fact]
    public async Task Receipt_AskedByPost_ArrivesWhenTheSenderRegisters()
    {
        Account alice = await system.NewAccountAsync("alice"), bob = await system.NewAccountAsync("bob");
        Guid id = Guid.NewGuid();
        ApiAnswer sent = await system.Api(alice).PostAsync(JsonSerializer.Serialize(new { messageId = id, recipient = bob.User, text = "hello", receipt = true }));
        Assert.Equal("ENQUEUED", sent.State);
        await using ChildProcess recipient = await PhoneAsync(system, bob);
        await system.Api(alice).UntilStateAsync(id, "DELIVERED", Patience);
        await using ChildProcess sender = await PhoneAsync(system, alice);
        await SaysAsync(sender, $"200 sip:{bob.User}@{JourneySystem.Domain} message/imdn+xml");
        await SaysAsync(sender, $"{id}");
        await SaysAsync(sender, "<delivered");
    }

    private static async Task<(Account Alice, Account Bob, Guid Id)> SendAsync(JourneySystem system)
    {
        Account alice = await system.NewAccountAsync("alice"), bob = await system.NewAccountAsync("bob");
        Guid id = Guid.NewGuid();
        Assert.Equal("ENQUEUED", (await system.Api(alice).SendAsync(id, bob.User, "hello")).State);
        return (alice, bob, id);
    }

    private static Task SaysAsync(ChildProcess phone, string words) => Wait.UntilAsync(
        () => phone.Output.Contains(words, StringComparison.Ordinal), Patience, $"the phone says '{words}'; it said:\n{phone.Output}");

    private static Task<ChildProcess> PhoneAsync(JourneySystem system, Account account, params string[] more) => ChildProcess.StartAsync(
        "phone",
        ["/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "Python", "phone.py"), $"localhost:{system.SipPort}", system.AuthorityFile, account.User, account.Password, JourneySystem.Domain, .. more],
        system.Folder);
}
