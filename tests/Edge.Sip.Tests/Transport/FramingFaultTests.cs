using System.Text;
using Edge.Sip.Tests.Harness;
using Testing.Shared;
using Testing.Shared.Sip;

namespace Edge.Sip.Tests.Transport;

/// <summary>Where the next message begins is not known: the edge answers what it can, closes, and never takes what follows for a request.</summary>
public abstract class FramingFaultTests(string transport)
{
    private const string Smuggled = "OPTIONS sip:example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bKsmuggled\r\nFrom: <sip:a@example.test>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: smuggled\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

    private const string Head = "MESSAGE sip:alice@example.test SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:bob@example.test>;tag=1\r\nTo: <sip:alice@example.test>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n";

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 0\r\n", 400)]
    [InlineData("Content-Length: 0\r\nl: 5\r\n", 400)]
    [InlineData("Content-Length: +0\r\n", 400)]
    [InlineData("Content-Length: -1\r\n", 400)]
    [InlineData("Content-Length: 0, 0\r\n", 400)]
    [InlineData("Content-Length: 0x0\r\n", 400)]
    [InlineData("Content-Length: 4294967296\r\n", 413)]
    [InlineData("Content-Length: 18446744073709551616\r\n", 413)]
    [InlineData("Content-Length\u0001: 0\r\n", 400)]
    [InlineData("X: y\r\n", 400)]
    [InlineData("X: y\nContent-Length: 0\r\n", 400)]
    [InlineData("X: y\r\r\nContent-Length: 0\r\n", 400)]
    [Spec("N.sip")]
    public async Task Fault_WithARequestBehindIt_AnsweredClosedAndTheRestNeverRead(string headers, int status)
    {
        await using TestEdge edge = await TestEdge.StartAsync(settings: [$"Sip:Transport={transport}"]);
        SipClient bob = await edge.ConnectAsync();
        await bob.WriteAsync(Encoding.Latin1.GetBytes($"{Head}{headers}\r\n{Smuggled}"));
        await bob.Closed.WaitAsync(Until.Patience);
        Assert.True(bob.TryTakeResponse(out SipText answer));
        Assert.Equal((status, "c"), (answer.Status, answer["Call-ID"]));
        Assert.False(bob.TryTakeResponse(out _));
        await Until.TrueAsync(() => edge.Sum("edge.connections.ended/framing_fault") == 1, "counted");
        Assert.Equal(0, edge.Sum("edge.requests/OPTIONS"));
    }

    /// <summary>Bytes glued behind a whole message are the next one, and answered in order.</summary>
    [Fact]
    public async Task Messages_GluedAndPipelined_EachAnsweredInOrder()
    {
        await using TestEdge edge = await TestEdge.StartAsync(settings: [$"Sip:Transport={transport}"]);
        SipClient bob = await edge.ConnectAsync();
        await bob.WriteAsync(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, 50).Select(i => (i % 3 == 0 ? "\r\n\r\n" : string.Empty) + Smuggled.Replace("smuggled", $"n{i}", StringComparison.Ordinal)))));
        for (int i = 0; i < 50; i++) Assert.Equal($"n{i}", (await bob.ResponseAsync())["Call-ID"]);
        Assert.Equal(17, bob.Keepalives.Count);
    }
}

/// <inheritdoc/>
public sealed class FramingFaultNativeTests() : FramingFaultTests("Native");

/// <inheritdoc/>
public sealed class FramingFaultPortableTests() : FramingFaultTests("Portable");
