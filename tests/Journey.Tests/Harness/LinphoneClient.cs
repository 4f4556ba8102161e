using Dev.Host.Clients;

namespace Journey.Tests.Harness;

/// <summary>linphonec, a real SIP client, run with the profile that ./run writes for its users: TLS, the certificate checked.</summary>
internal sealed class LinphoneClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _process;

    private LinphoneClient(ChildProcess process) => _process = process;

    /// <summary>Texts received, in the order in which it showed them.</summary>
    public IReadOnlyList<string> Received => [.. _process.Lines
        .Where(line => line.Contains("Message received from", StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(": ", line.IndexOf("Message received from", StringComparison.Ordinal), StringComparison.Ordinal) + 2)..])];

    /// <summary>Everything it printed.</summary>
    public string Output => _process.Output;

    /// <summary>Starts it and waits for its registration.</summary>
    /// <param name="system">The system to register with.</param>
    /// <param name="account">The account.</param>
    public static async Task<LinphoneClient> RegisteredAsync(JourneySystem system, Account account)
    {
        string home = system.In("home", account.User);
        Directory.CreateDirectory(Path.Combine(home, ".local", "share", "linphone"));   // without it linphonec crashes
        string profile = LinphoneProfile.Write(home, system.AuthorityFile, system.SipPort, JourneySystem.Domain, account.User, account.Password);
        LinphoneClient client = new(await ChildProcess.StartAsync("linphonec", ["linphonec", "-c", profile], home, home));
        await Wait.UntilAsync(client.IsRegisteredAsync, Patience, "linphonec registers");
        return client;
    }

    /// <summary>Sends a text by SIP MESSAGE.</summary>
    public Task SendAsync(string recipient, string text) => _process.TypeAsync($"chat sip:{recipient}@{JourneySystem.Domain} {text}");

    /// <summary>Waits until so many texts were received.</summary>
    public async Task<IReadOnlyList<string>> ReceiveAsync(int count, TimeSpan? patience = null)
    {
        await Wait.UntilAsync(() => Received.Count >= count, patience ?? Patience, $"linphonec receives {count} messages; it said:\n{Output}");
        return Received;
    }

    /// <summary>Leaves as a user does: unregisters and ends.</summary>
    public async Task QuitAsync()
    {
        await _process.TypeAsync("quit");
        await _process.ExitCodeAsync(Patience);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>Asks it: of a registration it says nothing by itself.</summary>
    private async Task<bool> IsRegisteredAsync()
    {
        Assert.True(_process.IsRunning, $"linphonec ended:\n{Output}");
        await _process.TypeAsync("status register");
        await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);   // not to drown it in questions
        return Output.Contains("registered, identity=", StringComparison.Ordinal);
    }
}
