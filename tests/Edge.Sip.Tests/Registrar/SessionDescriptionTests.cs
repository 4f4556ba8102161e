using Edge.Link.V1;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Registrar;

/// <summary>What the core is told for the operators' session log: who registered over what, and why it ended.</summary>
[Spec("B4")]
public sealed class SessionDescriptionTests
{
    [Theory]
    [InlineData("Native")]
    [InlineData("Portable")]
    public async Task Register_WithADigest_SaysWhoAndOverWhat(string transport)
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: true, settings: [$"Sip:Transport={transport}"]);
        SipClient bob = await edge.ConnectAsync();
        await edge.MoveAsync(TimeSpan.FromSeconds(3));
        string agent = "Linphone/5.2 (Pixel) " + new string('x', 200);
        SipText challenge = await bob.RequestAsync(bob.RegisterText(600, null, null));
        string register = bob.RegisterText(600, null, bob.Authorization(challenge, "REGISTER", "sip:example.test"));
        Assert.Equal(200, (await bob.RequestAsync(register.Replace("\r\nContent-Length", $"\r\nUser-Agent: {agent}\r\nContent-Length", StringComparison.Ordinal))).Status);
        ClientSession client = (await edge.Core.SeenAsync(happened => happened.Register)).Client;
        Assert.StartsWith("127.0.0.1:", client.Address, StringComparison.Ordinal);
        Assert.Equal((agent[..128], "TLSv1.3"), (client.UserAgent, client.TlsVersion));
        Assert.Matches("^TLS_(AES|CHACHA20)_[A-Z0-9_]+$", client.CipherSuite);
        Assert.InRange(client.ConnectedMs, 3_000UL, 4_000UL);
    }

    [Theory]
    [InlineData("closed", false, "peer_closed")]
    [InlineData("unregistered", true, "unregistered")]
    [InlineData("lapsed", false, "expired")]
    [InlineData("revoked", false, "revoked")]
    [InlineData("stopped", false, "stopping")]
    [InlineData("broken", false, "framing_fault")]
    public async Task Registration_Ended_SaysWhy(string how, bool byClient, string reason)
    {
        await using TestEdge edge = await TestEdge.StartAsync(moveTime: how == "lapsed", settings: ["Sip:SilenceSeconds=3600", "Sip:FlowTimerSeconds=3500"]);
        SipClient bob = await edge.ConnectAsync();
        Assert.Equal(200, (await bob.RegisterAsync(expires: 60)).Status);
        switch (how)
        {
            case "closed":
                await bob.DisposeAsync();
                break;
            case "unregistered":
                Assert.Equal(200, (await bob.RequestAsync(bob.RegisterText(0, null, null))).Status);
                break;
            case "lapsed":
                await edge.MoveUntilAsync(() => edge.Core.Count(static happened => happened.Unregister) > 0, TimeSpan.FromSeconds(65), "the registration lapsed");
                break;
            case "revoked":
                await edge.Core.SendAsync(new CoreEvent { Revoked = new Revoked { Flow = edge.FlowOf("bob"), User = "bob" } });
                break;
            case "stopped":
                await edge.StopAsync();
                break;
            default:
                await bob.WriteAsync("OPTIONS sip:example.test SIP/2.0\nVia: x\n\n"u8.ToArray());
                break;
        }

        Unregister told = await edge.Core.SeenAsync(happened => happened.Unregister);
        Assert.Equal(("bob", byClient, reason), (told.User, told.ByClient, told.Reason));
    }
}
