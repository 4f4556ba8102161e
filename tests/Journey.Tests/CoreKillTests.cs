using System.Net;
using System.Security.Cryptography;
using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>The core is killed with SIGKILL while messages are on their way. JOURNEY_ROUNDS says how often.</summary>
public sealed class CoreKillTests(JourneySystem system)
{
    /// <summary>Spec S16: no message of an online recipient is stranded longer than this.</summary>
    private static readonly TimeSpan Stranded = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    /// <summary>Spec P3: one message for a sender and id, whatever happened between the tries.</summary>
    [Fact]
    [Spec("D.one-id", "P3")]
    public async Task Post_FiveTimesWithTheCoreKilledBetween_OneMessage()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        Guid id = Guid.NewGuid();
        MessagesApi api = system.Api(alice);

        List<ApiAnswer> answers = [];
        for (int time = 0; time < 5; time++)
        {
            if (time is 2 or 4)
            {
                await system.KillCoreAsync();
                await system.StartCoreAsync();
            }

            answers.Add(await api.SendUntilAnsweredAsync(id, bob.User, "only once", Soon));
        }

        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, "ENQUEUED", id.ToString()), (answer.Status, answer.State, answer.Field("messageId"))));
        Assert.Single(answers.Select(answer => answer.Field("acceptTime")).Distinct());
        Assert.Single(answers.Select(answer => answer.Field("expireTime")).Distinct());
        await system.EdgeReadyAsync();
        await using SipClient phone = await system.RegisteredAsync(bob);
        await phone.ReceiveAsync(1);
        await api.UntilStateAsync(id, "DELIVERED", Soon);

        // A sixth copy, after the end: the answer is the state, and nothing is sent.
        Assert.Equal("DELIVERED", (await api.SendAsync(id, bob.User, "only once")).State);
        Guid later = Guid.NewGuid();
        await api.SendAsync(later, bob.User, "and another");
        await phone.ReceiveAsync(1);
        Assert.Equal(["only once", "and another"], phone.Received.Select(message => message.Text));
    }

    /// <summary>Spec S16: the core dies right after it accepted; the client does nothing; the message arrives within 45 s.</summary>
    [Fact]
    [Spec("S16", "P2")]
    public async Task CoreKilledAfterAccept_RecipientOnline_DeliveredWithin45Seconds()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        await using SipClient phone = await system.RegisteredAsync(bob);
        for (int round = 0; round < Journeys.Rounds; round++)
        {
            Guid id = Guid.NewGuid();
            Assert.Equal(HttpStatusCode.OK, (await system.Api(alice).SendAsync(id, bob.User, $"round {round}")).Status);
            await system.KillCoreAsync();
            Task arrives = phone.ReceiveAsync(1, Stranded);

            await system.StartCoreAsync();
            await arrives;
            await system.Api(alice).UntilStateAsync(id, "DELIVERED", Stranded);
            await system.EdgeReadyAsync();
        }

        Assert.Equal(Enumerable.Range(0, Journeys.Rounds).Select(round => $"round {round}"), phone.Received.Select(message => message.Text));
    }

    /// <summary>Spec P2, P3: killed at any moment around claim, enqueue, push and acknowledgement; the sender repeats until answered.</summary>
    [Fact]
    [Spec("S24", "P2", "P3")]
    public async Task CoreKilledAtRandom_SenderRepeats_EachMessageOnceAndDelivered()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        Account carol = await system.NewAccountAsync("carol");
        await using SipClient online = await system.RegisteredAsync(bob);
        MessagesApi api = system.Api(alice);
        List<Guid> toBob = [];
        List<Guid> toCarol = [];
        for (int round = 0; round < Journeys.Rounds; round++)
        {
            Guid first = Guid.NewGuid();
            Guid second = Guid.NewGuid();
            toBob.Add(first);
            toCarol.Add(second);
            Task<ApiAnswer> bobs = api.SendUntilAnsweredAsync(first, bob.User, $"{first}", Soon);
            Task<ApiAnswer> carols = api.SendUntilAnsweredAsync(second, carol.User, $"{second}", Soon);
            await Task.Delay(TimeSpan.FromMicroseconds(RandomNumberGenerator.GetInt32(20_000)), TestContext.Current.CancellationToken);   // not a wait: the moment of the kill
            await system.KillCoreAsync();
            await system.StartCoreAsync();
            Assert.Equal(HttpStatusCode.OK, (await bobs).Status);
            Assert.Equal(HttpStatusCode.OK, (await carols).Status);
        }

        await system.EdgeReadyAsync();
        await using SipClient late = await system.RegisteredAsync(carol);
        foreach (Guid id in toBob.Concat(toCarol))
        {
            await api.UntilStateAsync(id, "DELIVERED", Stranded);
        }

        Assert.Equal(toBob.Select(id => $"{id}").Order(), online.Received.Select(message => message.Text).Order());
        Assert.Equal(toCarol.Select(id => $"{id}"), late.Received.Select(message => message.Text));   // in order of acceptance: one at a time
    }
}
