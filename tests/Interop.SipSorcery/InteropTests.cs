namespace Interop.SipSorcery;

/// <summary>Two phones of SIPSorcery's against a running edge: they register by digest over TLS, send, receive, and find what waited for them.</summary>
public sealed class InteropTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Deployment _deployment = new();

    [Fact]
    public async Task Register_WrongPassword_IsRefused()
    {
        using Peer peer = new(_deployment, "alice", "not the password");
        Assert.False(await peer.RegisterAsync());
    }

    [Fact]
    public async Task Message_ToARegisteredPeer_Arrives()
    {
        using Peer alice = new(_deployment, "alice", _deployment.PasswordOf("alice"));
        using Peer bob = new(_deployment, "bob", _deployment.PasswordOf("bob"));
        Assert.True(await alice.RegisterAsync());
        Assert.True(await bob.RegisterAsync());
        string text = $"hello {Guid.NewGuid():N} ✅";
        Assert.Equal(202, await alice.SendAsync("bob", text));
        Assert.Equal(("alice", text), Next(bob, text));
    }

    [Fact]
    public async Task Message_ToAPeerThatIsAway_WaitsForIt()
    {
        using Peer alice = new(_deployment, "alice", _deployment.PasswordOf("alice"));
        Assert.True(await alice.RegisterAsync());
        string text = $"later {Guid.NewGuid():N}";
        Assert.Equal(202, await alice.SendAsync("bob", text));
        using Peer bob = new(_deployment, "bob", _deployment.PasswordOf("bob"));
        Assert.True(await bob.RegisterAsync());
        Assert.Equal(("alice", text), Next(bob, text));
    }

    /// <summary>Others may have waited for the account from earlier on.</summary>
    private static (string From, string Text) Next(Peer peer, string text)
    {
        while (peer.Received.TryTake(out (string From, string Text) one, Patience))
        {
            if (one.Text == text) return one;
        }

        return default;
    }
}
