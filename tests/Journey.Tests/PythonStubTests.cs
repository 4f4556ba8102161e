using Journey.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Journey.Tests;

/// <summary>The public API by gRPC with a client nobody here wrote: Python, with a stub made by Debian's protoc.</summary>
public sealed class PythonStubTests(JourneySystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Spec S6: send and get by gRPC; the error table of docs/errors.md, column gRPC.</summary>
    [Fact]
    [Spec("S6", "E.accepted", "E.credentials", "E.id-reused", "E.malformed", "E.text", "E.unknown")]
    public async Task PythonStub_SendGetAndRefusals_AnswersOfTheErrorTable()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        string stub = await StubAsync();
        string id = Guid.NewGuid().ToString();

        Assert.Equal($"ENQUEUED {id}", await RunAsync(stub, alice, "send", bob.User, "from Python 🐍", id));
        Assert.Equal($"ENQUEUED {id}", await RunAsync(stub, alice, "get", id));
        Assert.Equal("refused INVALID_ARGUMENT", await RunAsync(stub, alice, "send", bob.User, new string('x', 161)));
        Assert.Equal("refused INVALID_ARGUMENT", await RunAsync(stub, alice, "send", bob.User, ""));
        Assert.Equal("refused INVALID_ARGUMENT", await RunAsync(stub, alice, "send", $"{bob.User},{alice.User}", "hi"));
        Assert.Equal("refused NOT_FOUND", await RunAsync(stub, alice, "send", "nobody-at-all", "hi"));
        Assert.Equal("refused ALREADY_EXISTS", await RunAsync(stub, alice, "send", bob.User, "something else", id));
        Assert.Equal("refused NOT_FOUND", await RunAsync(stub, bob, "get", id));
        Assert.Equal("refused UNAUTHENTICATED", await RunAsync(stub, alice with { Password = "wrong" }, "get", id));

        await using SipClient phone = await system.RegisteredAsync(bob);
        Assert.Equal("from Python 🐍", (await phone.ReceiveAsync(1))[0].Text);
        await system.Api(alice).UntilStateAsync(Guid.Parse(id), "DELIVERED", TimeSpan.FromSeconds(10));
        Assert.Equal($"DELIVERED {id}", await RunAsync(stub, alice, "get", id));
    }

    /// <summary>Spec D.told: the README's commands for status streams and for receiving without SIP.</summary>
    [Fact]
    [Spec("D.told", "S12", "S25")]
    public async Task PythonStub_WatchAndReceive_MessageArrivesAndItsSenderIsTold()
    {
        Account alice = await system.NewAccountAsync("alice");
        Account bob = await system.NewAccountAsync("bob");
        string stub = await StubAsync();
        await using ChildProcess watch = await StartAsync(stub, alice, "watch");
        await using ChildProcess receive = await StartAsync(stub, bob, "receive", "laptop");
        await Wait.UntilAsync(() => watch.Lines.Contains("watching") && receive.Lines.Contains("receiving"), Patience, "both streams stand");
        for (int i = 0; i < 3; i++)
        {
            string id = Guid.NewGuid().ToString();
            Assert.Equal($"ENQUEUED {id}", await RunAsync(stub, alice, "send", bob.User, $"text {i} 🐍", id));
            await Wait.UntilAsync(() => receive.Lines.Any(l => l.EndsWith($" text {i} 🐍", StringComparison.Ordinal)), Patience, "the message arrives");
            await Wait.UntilAsync(() => watch.Lines.Contains($"DELIVERED {id}"), Patience, "its sender is told");
        }

        Assert.Equal((4, 4), (watch.Lines.Count, receive.Lines.Count));
    }

    private async Task<string> StubAsync()
    {
        string stub = system.In("python-stub");
        await using ChildProcess made = await ChildProcess.StartAsync("python-stub", [Path.Combine(Repository.Root, "tests", "python-stub"), stub], Repository.Root);
        Assert.True(await made.ExitCodeAsync(Patience) == 0, made.Output);
        return stub;
    }

    private async Task<string> RunAsync(string stub, Account account, params string[] command)
    {
        await using ChildProcess python = await StartAsync(stub, account, command);
        await python.ExitCodeAsync(Patience);
        return python.Output;
    }

    private Task<ChildProcess> StartAsync(string stub, Account account, params string[] command) => ChildProcess.StartAsync(
        "python",
        ["/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "Python", "messages.py"), stub, $"localhost:{system.ApiPort}", system.AuthorityFile, account.User, account.Password, .. command],
        system.Folder);
}
